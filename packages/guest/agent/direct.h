/*
 * System calls that leave errno alone, for a child that runs in the agent's memory beside the agent (spawn.h).
 * x86-64; each returns -errno.
 */
#ifndef NOOK_DIRECT_H
#define NOOK_DIRECT_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static inline long direct(long number, long first, long second, long third, long fourth) {
  long result;
  register long r10 __asm__("r10") = fourth;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

static inline int direct_open(const char *path, int flags) { return (int)direct(SYS_open, (long)path, flags, 0, 0); }

static inline long direct_read(int fd, void *bytes, size_t size) { return direct(SYS_read, fd, (long)bytes, (long)size, 0); }

static inline long direct_write(int fd, const void *bytes, size_t size) { return direct(SYS_write, fd, (long)bytes, (long)size, 0); }

static inline void direct_close(int fd) { direct(SYS_close, fd, 0, 0, 0); }

static inline int direct_stat(const char *path, struct stat *about) { return (int)direct(SYS_stat, (long)path, (long)about, 0, 0); }

static inline int direct_execve(const char *path, char *const *argv, char *const *environment) {
  return (int)direct(SYS_execve, (long)path, (long)argv, (long)environment, 0);
}

#endif
