#include "image-init.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

bool image_init_find(struct image_init *init) {
  static char paths[][32] = {"/sbin/init", "/etc/init", "/bin/init", "/usr/lib/systemd/systemd", "/lib/systemd/systemd"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    struct stat about;
    char real[PATH_MAX];
    if (stat(paths[i], &about) < 0 || !S_ISREG(about.st_mode) || access(paths[i], X_OK) < 0) continue;
    const char *name = realpath(paths[i], real) == NULL ? NULL : strrchr(real, '/');
    *init = (struct image_init){.path = paths[i], .systemd = name != NULL && strcmp(name, "/systemd") == 0};
    return true;
  }
  return false;
}

/*
 * The serial line is a log that nobody types into: a getty on it is of no use. The one that systemd generates waits
 * for the line's device unit, which comes from udev: an image without udev would wait for 90 seconds.
 */
static void mask_serial_getty(void) {
  static const char *const units[] = {
      "/run/systemd/system/serial-getty@ttyS0.service",
      "/run/systemd/system/dev-ttyS0.device",
  };
  mkdir("/run/systemd", 0755);
  mkdir("/run/systemd/system", 0755);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    int ignored = symlink("/dev/null", units[i]);
    (void)ignored;
  }
}

void image_init_prepare(const struct image_init *init) {
  /* Each init mounts it with the options that it wants. */
  umount2("/sys/fs/cgroup", MNT_DETACH);
  if (init->systemd) mask_serial_getty();
}

int image_init_run(const struct image_init *init) {
  child_reset();
  char *const argv[] = {init->path, NULL};
  execv(init->path, argv);
  return -errno;
}
