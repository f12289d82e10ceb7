/* Finding and running a program the way execvp does, in the command's environment. */
#ifndef NOOK_PROGRAM_H
#define NOOK_PROGRAM_H

#include "exec-failure.h"

/* Returns only when that fails. There is room for one more before argv[0]. */
void program_run(char **argv, char **environment, struct exec_failure *failure);

#endif
