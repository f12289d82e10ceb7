/* The root file system takes all of its disk, step by step: between two of them the agent serves. */
#ifndef NOOK_ROOT_GROWTH_H
#define NOOK_ROOT_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Lets it take all of its disk, and waits for that a moment; what is left then is done by root_grow_on. Says on the
 * console why when it cannot; the machine works all the same.
 */
void root_grow(void);
/* The next step of what is under way. False: there is none. */
bool root_grow_on(void);
/*
 * Lets it fill a disk of this size, which the kernel may not have heard of yet. 0, -errno with its reason, or 1: `done`
 * is called with either when that is done.
 */
int root_await_growth(uint64_t bytes, void (*done)(int error, const char *why), const char **why);
/* Nobody waits for it any more. */
void root_forget_growth(void);

#endif
