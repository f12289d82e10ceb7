/* What to do with a frame of the host. */
#ifndef NOOK_DISPATCH_H
#define NOOK_DISPATCH_H

#include <stdint.h>

#include "frames.h"

void dispatch_frame(const struct frame *frame);
void dispatch_hello(uint64_t epoch);
/* The answer to CONFIGURE: `error` 0, or -errno and why. */
void dispatch_configured(int error, const char *why);

#endif
