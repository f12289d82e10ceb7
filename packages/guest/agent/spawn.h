/* Starts a command with its pipes or its pty. */
#ifndef NOOK_SPAWN_H
#define NOOK_SPAWN_H

#include <sys/types.h>

#include "exec-request.h"

/* The agent's ends, non-blocking; on a pty `in` and `out` are the master and there is no `err` (-1). */
struct spawned {
  pid_t pid;
  int in;
  int out;
  int err;
  int status;
};

/* 0, or -errno with the stage that failed. Takes the request's memory. */
int spawn(struct exec_request *request, struct spawned *spawned, const char **stage);

#endif
