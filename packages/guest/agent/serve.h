/* The agent: serves docs/guest-protocol.md over one descriptor, in one thread. */
#ifndef NOOK_SERVE_H
#define NOOK_SERVE_H

#include <stdbool.h>

/* Before forking anything: signals become events of the loop. 0 or -errno. */
int serve_prepare(void);
/* In a fork that takes over from its parent, which had no session: its own events for its own signals. 0 or -errno. */
int serve_again(void);
/* Opens the port and says HELLO. 0 or -errno. */
int serve_open(int fd, bool reconnects);
/* Returns when the port has ended for good; a machine's port does not. */
void serve_run(void);

#endif
