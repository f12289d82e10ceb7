/* A TCP port of the guest itself, for a host that has no network to it: CONNECT joins it to a session's stdin and stdout. */
#ifndef NOOK_CONNECT_H
#define NOOK_CONNECT_H

#include <stdint.h>

_Noreturn void connect_run(uint16_t port);

#endif
