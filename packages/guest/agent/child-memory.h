/*
 * Memory for children that run in the agent's own until they are their commands: a stack and a struct child each.
 * It is not to be touched while they do, nor forgotten afterwards.
 */
#ifndef NOOK_CHILD_MEMORY_H
#define NOOK_CHILD_MEMORY_H

#include <stdbool.h>
#include <sys/types.h>

#include "child.h"

struct child_memory;

/* NULL when there is none. */
struct child_memory *child_memory_take(void);
/* Not too many children are in the agent's memory for one more. */
bool child_memory_has_room(void);
struct child *child_memory_child(struct child_memory *memory);
/* Starts child_run in it: the pid, or -errno. */
pid_t child_memory_start(struct child_memory *memory);
/* Of one in which no child was started, or a fork only. */
void child_memory_release(struct child_memory *memory);
/* The child is its command, or dead. One that had no such memory, or left it before, is fine. */
void child_memory_left(pid_t pid);
/* Kills what has not left its memory. */
void child_memory_abandon(void);

#endif
