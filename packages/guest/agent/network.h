/* The loopback and the one interface of the guest, by ioctl. */
#ifndef NOOK_NETWORK_H
#define NOOK_NETWORK_H

#include "configuration.h"

/* 0 or -errno, with the failed step in `step`. */
int network_apply(const struct configuration *configuration, const char **step);

#endif
