/* Folders of the host, by virtio-9p. */
#ifndef NOOK_SHARES_H
#define NOOK_SHARES_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_SHARES 16

struct share {
  bool read_only;
  char tag[32];
  char target[256];
};

/* Mounts those that are not mounted yet. 0, or -errno with the place in `which`. */
int shares_mount(const struct share *shares, size_t count, const char **which);

#endif
