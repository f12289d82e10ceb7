/* Pipes of 1 MiB for streams that are busy: few at a time, since what stands in them is the kernel's memory. */
#ifndef NOOK_LARGE_PIPE_H
#define NOOK_LARGE_PIPE_H

#include <stdbool.h>

/* Whether the pipe is large now; then large_pipe_end is owed. */
bool large_pipe_begin(int fd);
void large_pipe_end(void);

#endif
