/*
 * The agent's loop over an inherited descriptor: `nook-agent --serve-fd N`, for tests on a host.
 * What touches the machine (mounts, identity, power) is not linked into this program.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "identity.h"
#include "power.h"
#include "serve.h"
#include "session.h"

static bool going_off;

int identity_apply(const struct configuration *configuration, char *why, size_t size) {
  (void)configuration;
  (void)why;
  (void)size;
  return 0;
}

void power_off_after(uint32_t grace_milliseconds) {
  (void)grace_milliseconds;
  going_off = true;
}

bool power_is_going_off(void) { return going_off; }

int power_timeout(void) { return going_off ? 0 : -1; }

void power_step(bool alone) {
  (void)alone;
  sessions_abandon();
  exit(0);
}

int main(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "--serve-fd") != 0) {
    fprintf(stderr, "usage: nook-agent --serve-fd N\n");
    return 64;
  }
  int fd = atoi(argv[2]);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    console_log("descriptor %d: %s", fd, "not open");
    return 64;
  }
  int error = serve_prepare();
  if (error == 0) error = serve_open(fd, false);
  if (error < 0) {
    console_log("the agent cannot start: %s", strerror(-error));
    return 1;
  }
  serve_run();
  return 0;
}
