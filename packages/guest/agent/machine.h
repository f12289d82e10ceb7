/* What acts on the whole machine. The test variant only reports what it was asked to do. */
#ifndef NOOK_MACHINE_H
#define NOOK_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Switches the machine off at once. */
_Noreturn void machine_off(void);

/* 0 or -errno, all of them. */
int machine_set_clock(uint64_t nanoseconds);
/* Credits the bytes to the kernel's random generator and makes it forget the stream it gave out so far. */
int machine_seed_random(const uint8_t *bytes, size_t size);
int machine_set_hostname(const char *name);
/* The root file system: writable, as large as its disk, and with its mount points. */
int machine_open_root(void);

#endif
