/* Gives the machine its identity. The test variant does nothing here. */
#ifndef NOOK_IDENTITY_H
#define NOOK_IDENTITY_H

#include "configuration.h"

/* 0, or -errno with a sentence in `why` naming the step. */
int identity_apply(const struct configuration *configuration, char *why, size_t size);

#endif
