#include "errand.h"

#include <string.h>

#include "connect.h"
#include "copy-in.h"
#include "copy-out.h"
#include "copy-stream.h"
#include "listeners.h"
#include "stats.h"

enum { TAG_DIRECTION = 1, TAG_PATH, TAG_NAME, TAG_USER, TAG_FLAGS };
enum { TAG_PORT = 1 };
enum { FLAG_DIRECTORY_ONLY = 1, FLAG_FOLLOW = 2 };

static bool take_text(const struct field *field, char *to, size_t size) {
  if (field->length >= size || !field_is_string(field)) return false;
  if (field->length > 0) memcpy(to, field->value, field->length);
  to[field->length] = 0;
  return true;
}

static const char *take_connect(const struct field *field, struct errand *errand) {
  return field->tag != TAG_PORT || field_u16(field, &errand->port) ? NULL : "port: not 16 bits";
}

static const char *take_copy(const struct field *field, struct errand *errand) {
  uint8_t flags = 0;
  switch (field->tag) {
    case TAG_DIRECTION: return field_u8(field, &errand->direction) ? NULL : "direction: not a byte";
    case TAG_PATH: return take_text(field, errand->path, sizeof errand->path) ? NULL : "path: too long, or with a NUL";
    case TAG_NAME: return take_text(field, errand->name, sizeof errand->name) ? NULL : "name: too long, or with a NUL";
    case TAG_USER: return take_text(field, errand->user, sizeof errand->user) ? NULL : "user: too long, or with a NUL";
    case TAG_FLAGS:
      if (!field_u8(field, &flags)) return "flags: not a byte";
      errand->directory_only = (flags & FLAG_DIRECTORY_ONLY) != 0;
      errand->follow = (flags & FLAG_FOLLOW) != 0;
      return NULL;
    default: return NULL;
  }
}

const char *errand_decode(const struct frame *frame, struct errand *errand) {
  memset(errand, 0, sizeof *errand);
  errand->type = frame->type;
  struct fields fields = {.next = frame->payload, .left = frame->size};
  struct field field;
  int more;
  while ((more = fields_next(&fields, &field)) > 0) {
    const char *problem = errand->type == FRAME_CONNECT ? take_connect(&field, errand) : take_copy(&field, errand);
    if (problem != NULL) return problem;
  }
  if (more < 0) return "malformed fields";
  if (errand->type == FRAME_CONNECT && errand->port == 0) return "no port";
  if (errand->type != FRAME_COPY) return NULL;
  if (errand->direction != COPY_INTO_GUEST && errand->direction != COPY_OUT_OF_GUEST) return "no direction";
  if (errand->name[0] != 0 && !copy_name_fits(errand->name, strlen(errand->name))) return "name: not a name in a directory";
  return NULL;
}

_Noreturn void errand_run(const struct errand *errand) {
  if (errand->type == FRAME_STATS) stats_report();
  if (errand->type == FRAME_LISTENERS) listeners_report();
  if (errand->type == FRAME_CONNECT) connect_run(errand->port);
  if (errand->direction == COPY_INTO_GUEST)
    copy_in(errand);
  else
    copy_out(errand);
}
