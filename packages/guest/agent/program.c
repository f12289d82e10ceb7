#include "program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "direct.h"
#include "environment.h"

static bool is_directory(const char *path) {
  struct stat about;
  return direct_stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* A file that the kernel does not know how to run is a shell script without its first line. */
static int run_as_script(char *path, char **argv, char **environment) {
  static char sh[] = "/bin/sh";
  char *name = argv[0];
  char **shell = argv - 1;
  shell[0] = sh;
  shell[1] = path;
  direct_execve(sh, shell, environment);
  argv[0] = name;
  return ENOEXEC;
}

static int try(char *path, char **argv, char **environment) {
  int error = -direct_execve(path, argv, environment);
  return error == ENOEXEC ? run_as_script(path, argv, environment) : error;
}

static void explain(int error, const char *path, struct exec_failure *failure) {
  struct stat about;
  const char *meaning = "";
  if (error == ENOENT && direct_stat(path, &about) == 0)
    meaning = ": its interpreter is missing";
  else if (error == EACCES && is_directory(path))
    meaning = ": is a directory";
  else if (error == ENOENT)
    meaning = ": not found";
  else
    failure->explain = true;
  failure->error = error;
  snprintf(failure->message, sizeof failure->message, "%s%s", path, meaning);
}

static void search(const char *path, char **argv, char **environment, struct exec_failure *failure) {
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
      bool absent = error == ENOENT && direct_stat(candidate, &about) < 0;
      if (!absent && error != EACCES && error != ENOTDIR && error != ENAMETOOLONG) {
        explain(error, candidate, failure);
        return;
      }
    }
    if (path[length] == 0) break;
    path += length + 1;
  }
  if (denied[0] != 0) {
    explain(EACCES, denied, failure);
    return;
  }
  failure->error = ENOENT;
  snprintf(failure->message, sizeof failure->message, "%s: not found in PATH", name);
}

void program_run(char **argv, char **environment, struct exec_failure *failure) {
  if (argv[0][0] == 0) {
    failure->error = ENOENT;
    snprintf(failure->message, sizeof failure->message, "the name of the command is empty");
  } else if (strchr(argv[0], '/') != NULL) {
    explain(try(argv[0], argv, environment), argv[0], failure);
  } else {
    const char *path = environment_get(environment, "PATH");
    search(path == NULL ? "" : path, argv, environment, failure);
  }
}
