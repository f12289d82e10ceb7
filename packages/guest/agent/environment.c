#include "environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULTS 6

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

static void set_default(char **environment, size_t *count, const char *name, const char *value) {
  size_t size = strlen(name) + strlen(value) + 2;
  char *entry = malloc(size);
  if (entry == NULL) return;
  snprintf(entry, size, "%s=%s", name, value);
  set(environment, count, entry);
}

char **environment_build(const struct exec_request *request, const struct user *user) {
  size_t given = 0;
  while (request->env[given] != NULL) given++;
  char **environment = calloc(given + DEFAULTS + 1, sizeof *environment);
  if (environment == NULL) return NULL;
  static char path[] = DEFAULT_PATH;
  static char term[] = "TERM=xterm";
  size_t count = 0;
  set(environment, &count, path);
  set_default(environment, &count, "HOME", user->home);
  set_default(environment, &count, "USER", user->name);
  set_default(environment, &count, "LOGNAME", user->name);
  set_default(environment, &count, "SHELL", user->shell);
  if (request->pty) set(environment, &count, term);
  for (size_t i = 0; i < given; i++) set(environment, &count, request->env[i]);
  return environment;
}

const char *environment_get(char *const *environment, const char *name) {
  size_t length = strlen(name);
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
  return NULL;
}
