/* ioctl(2) with 0 or -errno. Directly, since its request is an int to musl and an unsigned long to glibc. */
#ifndef NOOK_CONTROL_H
#define NOOK_CONTROL_H

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int control(int fd, unsigned long request, void *argument) {
  return syscall(SYS_ioctl, fd, request, argument) < 0 ? -errno : 0;
}

#endif
