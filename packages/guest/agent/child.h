/* The child's side of exec: from fork to execve. */
#ifndef NOOK_CHILD_H
#define NOOK_CHILD_H

#include <stdbool.h>

#include "exec-request.h"

/* What a child that could not become its command writes to the status pipe; end of file means that it did. */
struct exec_failure {
  int error;
  char stage[8];
  char message[240];
};

struct child_descriptors {
  int in;
  int out;
  int err;
  int status;
};

/* Limits that the agent raised for itself and commands do not inherit. */
void child_save_limits(void);
/* The agent is not to be killed when memory runs out; commands do not inherit that either. */
void child_spare_agent(void);
/* After a fork: signals, limits, scheduling and umask as programs expect them. */
void child_reset(void);
_Noreturn void child_run(const struct exec_request *request, const struct child_descriptors *descriptors);

#endif
