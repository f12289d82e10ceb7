/* Why a child did not become its command, on its way to the agent. */
#ifndef NOOK_EXEC_FAILURE_H
#define NOOK_EXEC_FAILURE_H

#include <stdbool.h>

struct exec_failure {
  int error;
  bool explain; /* what the error means is to follow the message */
  char stage[8];
  char message[240];
};

#endif
