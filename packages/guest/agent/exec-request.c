#include "exec-request.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_ARGV = 1, TAG_ENV, TAG_CWD, TAG_USER, TAG_PTY, TAG_ROWS, TAG_COLUMNS };

#define DEFAULT_ROWS 24
#define DEFAULT_COLUMNS 80

/* Counts the strings, so that one allocation holds everything: a field is longer than its string and NUL. */
static const char *count_strings(struct fields fields, size_t *argc, size_t *envc) {
  struct field field;
  int more;
  while ((more = fields_next(&fields, &field)) > 0) {
    if (field.tag == TAG_ARGV) *argc += 1;
    if (field.tag == TAG_ENV) *envc += 1;
    if (field.tag >= TAG_ARGV && field.tag <= TAG_USER && !field_is_string(&field)) return "a string with a NUL byte";
    if (field.tag == TAG_ENV && (field.length == 0 || field.value[0] == '=' || memchr(field.value, '=', field.length) == NULL))
      return "an environment entry that is not NAME=value";
  }
  if (more < 0) return "malformed fields";
  return *argc == 0 ? "no command" : NULL;
}

static char *take_string(char **text, const struct field *field) {
  char *string = *text;
  if (field->length > 0) memcpy(string, field->value, field->length);
  string[field->length] = 0;
  *text = string + field->length + 1;
  return string;
}

const char *exec_request_decode(const struct frame *frame, struct exec_request *request) {
  *request = (struct exec_request){.rows = DEFAULT_ROWS, .columns = DEFAULT_COLUMNS};
  struct fields fields = {.next = frame->payload, .left = frame->size};
  size_t argc = 0;
  size_t envc = 0;
  const char *problem = count_strings(fields, &argc, &envc);
  if (problem != NULL) return problem;

  size_t count = 1 + (argc + 1) + (envc + 1) + (envc + ENVIRONMENT_DEFAULTS + 1);
  char **pointers = request->memory = calloc(1, count * sizeof(char *) + frame->size);
  if (pointers == NULL) return "out of memory";
  request->argv = pointers + 1;
  request->env = request->argv + argc + 1;
  request->environment = request->env + envc + 1;
  char *text = (char *)(pointers + count);

  struct field field;
  size_t arg = 0;
  size_t env = 0;
  while (fields_next(&fields, &field) > 0) {
    uint8_t flag = 0;
    bool fits = true;
    switch (field.tag) {
      case TAG_ARGV: request->argv[arg++] = take_string(&text, &field); break;
      case TAG_ENV: request->env[env++] = take_string(&text, &field); break;
      case TAG_CWD: request->cwd = take_string(&text, &field); break;
      case TAG_USER: request->user = take_string(&text, &field); break;
      case TAG_PTY: fits = field_u8(&field, &flag); request->pty = flag != 0; break;
      case TAG_ROWS: fits = field_u16(&field, &request->rows); break;
      case TAG_COLUMNS: fits = field_u16(&field, &request->columns); break;
      default: break;
    }
    if (!fits) return "a number of the wrong size";
  }
  return NULL;
}

void exec_request_free(struct exec_request *request) {
  free(request->memory);
  request->memory = NULL;
}
