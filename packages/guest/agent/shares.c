#include "shares.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Large messages; mmap of files works, and nothing is kept that the host could change meanwhile. */
#define OPTIONS "trans=virtio,version=9p2000.L,msize=512000,cache=mmap"

static int make_folders(const char *path) {
  char folder[sizeof((struct share *)0)->target];
  size_t length = strlen(path);
  if (length >= sizeof folder) return -ENAMETOOLONG;
  for (size_t at = 1; at <= length; at++) {
    if (path[at] != '/' && path[at] != 0) continue;
    memcpy(folder, path, at);
    folder[at] = 0;
    if (mkdir(folder, 0755) < 0 && errno != EEXIST) return -errno;
  }
  return 0;
}

static int mount_one(const struct share *share) {
  int error = make_folders(share->target);
  if (error < 0) return error;
  unsigned long flags = MS_NOSUID | MS_NODEV | (share->read_only ? MS_RDONLY : 0);
  return mount(share->tag, share->target, "9p", flags, OPTIONS) < 0 ? -errno : 0;
}

int shares_mount(const struct share *shares, size_t count, const char **which) {
  static char done[MAX_SHARES][sizeof shares->tag];
  static size_t done_count;
  for (size_t i = 0; i < count; i++) {
    bool is_done = false;
    for (size_t k = 0; k < done_count; k++) is_done = is_done || strcmp(done[k], shares[i].tag) == 0;
    if (is_done) continue;
    *which = shares[i].target;
    int error = mount_one(&shares[i]);
    if (error < 0) return error;
    if (done_count < MAX_SHARES) memcpy(done[done_count++], shares[i].tag, sizeof shares[i].tag);
  }
  return 0;
}
