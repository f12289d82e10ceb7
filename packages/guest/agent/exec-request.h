/* The decoded payload of an EXEC frame. */
#ifndef NOOK_EXEC_REQUEST_H
#define NOOK_EXEC_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "errand.h"
#include "frames.h"

#define ENVIRONMENT_DEFAULTS 6

struct exec_request {
  char **argv; /* with room for one more before the first */
  char **env; /* as the host gave them, before the defaults */
  const char *cwd;
  const char *user;
  bool pty;
  uint16_t rows;
  uint16_t columns;
  char **environment; /* room for `env` and ENVIRONMENT_DEFAULTS more, and for the NULL at the end */
  void *memory;
  const struct errand *errand; /* instead of argv: what the agent itself does */
};

/* NULL, or what is wrong with the payload. The request is freed with exec_request_free in both cases. */
const char *exec_request_decode(const struct frame *frame, struct exec_request *request);
void exec_request_free(struct exec_request *request);

#endif
