/* PID 1 becomes the image's own init, and the agent a process beside it. */
#ifndef NOOK_HANDOVER_H
#define NOOK_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>

/* Where this program's name stands, five letters, to be replaced by one that the init spares. */
void handover_name_at(char *name);
/*
 * 0: it is done. 1: it goes on, and `done` is called with 0 or -errno when programs can use the init. -errno with a
 * sentence in `why`: the agent is PID 1 still. From the second time on it does nothing.
 */
int handover_begin(void (*done)(int error, const char *why), char *why, size_t size);
/* Whether the image's init is PID 1. */
bool handover_is_done(void);
/* Asks the image's init to power off. False: it takes no such wish, or there is none. */
bool handover_power_off(void);

#endif
