/* The child's side of exec: until it is its command. */
#ifndef NOOK_CHILD_H
#define NOOK_CHILD_H

#include <stdbool.h>

#include "environment.h"
#include "exec-failure.h"
#include "exec-request.h"
#include "user.h"

struct child_descriptors {
  int in;
  int out;
  int err;
  int status; /* end of file: the child is its command; a struct exec_failure: it never will be */
};

/* All that a child writes to: it runs in the agent's memory, beside the agent. */
struct child {
  struct exec_request request;
  struct child_descriptors descriptors;
  struct user user;
  struct account_lines lines;
  struct environment_defaults defaults;
  struct exec_failure failure;
};

/* Limits that the agent raised for itself and commands do not inherit. */
void child_save_limits(void);
/* The agent is not to be killed when memory runs out; commands do not inherit that either. */
void child_spare_agent(void);
bool child_agent_is_spared(void);
/* Signals are not ignored only because whoever started the agent ignored them. */
void child_begin_signals(void);
/* The agent ignores it, and commands do not inherit that. */
void child_ignore_signal(int number);
/* In a process of its own: signals, limits and scheduling as programs expect them; the umask is so already. */
void child_reset(void);
/* Becomes the command of a struct child; returns the exit code when that fails. Neither errno, nor memory of others, nor stdio is touched. */
int child_run(void *memory);
/* The same for what the agent itself does, in a fork. */
_Noreturn void child_run_errand(struct child *child);

#endif
