#include "environment.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static size_t name_length(const char *entry) { return strcspn(entry, "="); }

static void set(char **environment, size_t *count, char *entry) {
  size_t length = name_length(entry);
  for (size_t i = 0; i < *count; i++) {
    if (strncmp(environment[i], entry, length + 1) != 0) continue;
    environment[i] = entry;
    return;
  }
  environment[(*count)++] = entry;
}

void environment_build(struct exec_request *request, const struct user *user, struct environment_defaults *defaults) {
  static char path[] = DEFAULT_PATH;
  static char term[] = "TERM=xterm";
  char **environment = request->environment;
  size_t count = 0;
  set(environment, &count, path);
  snprintf(defaults->home, sizeof defaults->home, "HOME=%s", user->home);
  set(environment, &count, defaults->home);
  snprintf(defaults->user, sizeof defaults->user, "USER=%s", user->name);
  set(environment, &count, defaults->user);
  snprintf(defaults->logname, sizeof defaults->logname, "LOGNAME=%s", user->name);
  set(environment, &count, defaults->logname);
  snprintf(defaults->shell, sizeof defaults->shell, "SHELL=%s", user->shell);
  set(environment, &count, defaults->shell);
  if (request->pty) set(environment, &count, term);
  for (char **given = request->env; *given != NULL; given++) set(environment, &count, *given);
  environment[count] = NULL;
}

const char *environment_get(char *const *environment, const char *name) {
  size_t length = strlen(name);
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
  return NULL;
}
