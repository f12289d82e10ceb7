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
_Noreturn void child_run(const struct exec_request *request, const struct child_descriptors *descriptors);

#endif
