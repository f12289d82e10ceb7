/* Takes a file or a tree from the host: under a temporary name first, renamed when it is whole. */
#ifndef NOOK_COPY_IN_H
#define NOOK_COPY_IN_H

#include "errand.h"

_Noreturn void copy_in(const struct errand *errand);

#endif
