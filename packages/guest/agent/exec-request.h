/* The decoded payload of an EXEC frame. */
#ifndef NOOK_EXEC_REQUEST_H
#define NOOK_EXEC_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "errand.h"
#include "frames.h"

struct exec_request {
  char **argv;
  char **env; /* as the host gave them, before the defaults */
  const char *cwd;
  const char *user;
  bool pty;
  uint16_t rows;
  uint16_t columns;
  void *memory;
  const struct errand *errand; /* instead of argv: what the agent itself does */
};

/* NULL, or what is wrong with the payload. The request is freed with exec_request_free in both cases. */
const char *exec_request_decode(const struct frame *frame, struct exec_request *request);
void exec_request_free(struct exec_request *request);

#endif
