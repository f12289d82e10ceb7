/* Sends a file or a tree of the guest to the host. */
#ifndef NOOK_COPY_OUT_H
#define NOOK_COPY_OUT_H

#include "errand.h"

_Noreturn void copy_out(const struct errand *errand);

#endif
