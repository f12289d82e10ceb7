/*
 * What the agent itself does for the host in a child of its own: copying files, looking at /proc, connections to a port.
 * A child, so that a slow disk or a hostile stream meets neither the loop nor its memory, and the user it runs as is the
 * kernel's matter.
 */
#ifndef NOOK_ERRAND_H
#define NOOK_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

enum { COPY_INTO_GUEST = 1, COPY_OUT_OF_GUEST };

struct errand {
  uint8_t type; /* of the frame that asked for it */
  uint8_t direction;
  bool directory_only; /* into: the path must be a directory */
  bool follow;         /* out of: a symlink at the path is followed */
  char path[4096];
  char name[256]; /* into: the name below a path that is a directory; empty: its contents are merged */
  char user[256];
  uint16_t port; /* CONNECT */
};

/* NULL, or what is wrong with the payload. */
const char *errand_decode(const struct frame *frame, struct errand *errand);
/* In the child, with its stdin and stdout in place and the user changed. */
_Noreturn void errand_run(const struct errand *errand);

#endif
