#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "configuration.h"
#include "control.h"
#include "mounts.h"
#include "root-growth.h"

#define RNDADDENTROPY _IOW('R', 0x03, int[2])
#define RNDRESEEDCRNG _IO('R', 0x07)

_Noreturn void machine_off(void) {
  tcdrain(STDERR_FILENO);
  reboot(RB_POWER_OFF);
  /* No way to power off here: a reboot ends a machine that may not reboot. */
  reboot(RB_AUTOBOOT);
  while (1) pause();
}

int machine_set_clock(uint64_t nanoseconds) {
  struct timespec now = {.tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
  return clock_settime(CLOCK_REALTIME, &now) < 0 ? -errno : 0;
}

int machine_seed_random(const uint8_t *bytes, size_t size) {
  struct {
    int bits;
    int size;
    uint8_t bytes[MAX_ENTROPY];
  } pool = {.bits = (int)size * 8, .size = (int)size};
  if (size > sizeof pool.bytes) return -EINVAL;
  memcpy(pool.bytes, bytes, size);
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? -errno : control(fd, RNDADDENTROPY, &pool);
  if (error == 0) error = control(fd, RNDRESEEDCRNG, NULL);
  if (fd >= 0) close(fd);
  explicit_bzero(&pool, sizeof pool);
  return error;
}

int machine_set_hostname(const char *name) { return sethostname(name, strlen(name)) < 0 ? -errno : 0; }

int machine_open_root(void) {
  struct statvfs about;
  if (statvfs("/", &about) < 0) return -errno;
  /* A remount of what is writable already would write everything back first, and undo the options that it was given. */
  if ((about.f_flag & ST_RDONLY) != 0) {
    if (mount(NULL, "/", NULL, MS_REMOUNT, NULL) < 0) return -errno;
    mkdir("/etc", 0755);
  }
  root_grow();
  return mounts_complete(true);
}
