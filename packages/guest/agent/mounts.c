#include "mounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

struct mount_point {
  const char *target;
  const char *type;
  const char *options;
  unsigned long flags;
  mode_t mode;
  bool early; /* already needed in the initramfs, moved from there */
  bool done;
};

static struct mount_point points[] = {
    {"/proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0755, true, false},
    {"/sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0755, true, false},
    {"/dev", "devtmpfs", "mode=0755", MS_NOSUID, 0755, true, false},
    {"/dev/pts", "devpts", "gid=5,mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755, false, false},
    {"/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777, false, false},
    {"/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV, 0755, false, false},
    {"/sys/fs/cgroup", "cgroup2", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0755, false, false},
};

#define COUNT (sizeof points / sizeof *points)

static int mount_one(struct mount_point *point, bool create) {
  if (create && mkdir(point->target, point->mode) < 0 && errno != EEXIST) return -errno;
  if (mount(point->type, point->target, point->type, point->flags, point->options) < 0) return -errno;
  point->done = true;
  return 0;
}

int mounts_initial(void) {
  for (size_t i = 0; i < COUNT; i++) {
    if (!points[i].early) continue;
    int error = mount_one(&points[i], true);
    if (error == 0) continue;
    console_log("cannot mount %s: %s", points[i].target, strerror(-error));
    return error;
  }
  return 0;
}

int mounts_switch_root(void) {
  for (size_t i = 0; i < COUNT; i++) {
    if (!points[i].early) continue;
    char target[64];
    snprintf(target, sizeof target, "/root%s", points[i].target);
    if (mount(points[i].target, target, NULL, MS_MOVE, NULL) == 0) continue;
    /* A minimal image without the directory: mounted afresh when the root is writable. */
    umount2(points[i].target, MNT_DETACH);
    points[i].done = false;
  }
  if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) return -errno;
  return 0;
}

static void make_links(void) {
  static const char *const links[][2] = {
      {"/proc/self/fd", "/dev/fd"},
      {"/proc/self/fd/0", "/dev/stdin"},
      {"/proc/self/fd/1", "/dev/stdout"},
      {"/proc/self/fd/2", "/dev/stderr"},
  };
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    int ignored = symlink(links[i][0], links[i][1]);
    (void)ignored;
  }
  /* Debian's /var/lock points there. */
  if (mkdir("/run/lock", 01777) == 0) chmod("/run/lock", 01777);
}

int mounts_complete(bool create) {
  int first = 0;
  for (size_t i = 0; i < COUNT; i++) {
    struct mount_point *point = &points[i];
    if (point->done) continue;
    bool in_memory = strncmp(point->target, "/dev/", 5) == 0 && points[2].done;
    int error = mount_one(point, create || in_memory);
    if (error == 0 || (error == -ENOENT && !create)) continue;
    console_log("cannot mount %s: %s", point->target, strerror(-error));
    if (first == 0) first = error;
  }
  make_links();
  if (create && mkdir("/tmp", 01777) == 0) chmod("/tmp", 01777);
  return first;
}
