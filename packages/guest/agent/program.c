#include "program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"

static int is_directory(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* A file that the kernel does not know how to run is a shell script without its first line. */
static void run_as_script(char *path, char **argv, char **environment) {
  size_t count = 0;
  while (argv[count] != NULL) count++;
  char **shell = calloc(count + 2, sizeof *shell);
  if (shell == NULL) return;
  static char sh[] = "/bin/sh";
  shell[0] = sh;
  shell[1] = path;
  for (size_t i = 1; i < count; i++) shell[i + 1] = argv[i];
  execve(sh, shell, environment);
  free(shell);
  errno = ENOEXEC;
}

static int try(char *path, char **argv, char **environment) {
  execve(path, argv, environment);
  if (errno == ENOEXEC) run_as_script(path, argv, environment);
  return errno;
}

static int explain(int error, const char *path, char *why, size_t size) {
  struct stat about;
  if (error == ENOENT && stat(path, &about) == 0)
    snprintf(why, size, "%s: its interpreter is missing", path);
  else if (error == EACCES && is_directory(path))
    snprintf(why, size, "%s: is a directory", path);
  else if (error == ENOENT)
    snprintf(why, size, "%s: not found", path);
  else
    snprintf(why, size, "%s: %s", path, strerror(error));
  return error;
}

static int search(const char *path, char **argv, char **environment, char *why, size_t size) {
  const char *name = argv[0];
  char denied[PATH_MAX] = "";
  char candidate[PATH_MAX];
  while (1) {
    size_t length = strcspn(path, ":");
    int written = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, path, length == 0 ? "" : "/", name);
    if (written < (int)sizeof candidate) {
      int error = try(candidate, argv, environment);
      struct stat about;
      if (error == EACCES && !is_directory(candidate) && denied[0] == 0) memcpy(denied, candidate, sizeof denied);
      int absent = error == ENOENT && stat(candidate, &about) < 0;
      if (!absent && error != EACCES && error != ENOTDIR && error != ENAMETOOLONG) return explain(error, candidate, why, size);
    }
    if (path[length] == 0) break;
    path += length + 1;
  }
  if (denied[0] != 0) return explain(EACCES, denied, why, size);
  snprintf(why, size, "%s: not found in PATH", name);
  return ENOENT;
}

int program_run(char **argv, char **environment, char *why, size_t size) {
  if (argv[0][0] == 0) {
    snprintf(why, size, "the name of the command is empty");
    return ENOENT;
  }
  if (strchr(argv[0], '/') != NULL) return explain(try(argv[0], argv, environment), argv[0], why, size);
  const char *path = environment_get(environment, "PATH");
  return search(path == NULL ? "" : path, argv, environment, why, size);
}
