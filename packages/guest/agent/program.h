/* Finding and running a program the way execvp does, in the command's environment. */
#ifndef NOOK_PROGRAM_H
#define NOOK_PROGRAM_H

#include <stddef.h>

/* Returns only on failure: the errno, with a sentence in `why`. */
int program_run(char **argv, char **environment, char *why, size_t size);

#endif
