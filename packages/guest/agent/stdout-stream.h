/* One output stream of a command on its way to the host. */
#ifndef NOOK_STDOUT_STREAM_H
#define NOOK_STDOUT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "watch.h"

struct stdout_stream {
  struct watch watch;
  uint32_t channel;
  uint8_t stream;
  bool pty;
  bool readable;
  bool hung_up;  /* no writer is left: read to the end of file */
  bool finished; /* END was sent */
  bool bounded;  /* the command has exited: `left` bytes are still delivered */
  bool at_end;   /* end of file was read: no writer can come back */
  bool large;
  uint64_t left;
  uint64_t credit;
};

/* fd -1: a stream that does not exist (stderr beside a pty). */
void stdout_stream_open(struct stdout_stream *stream, int fd, uint32_t channel, uint8_t number);
/* Begins to watch; not before the command runs. */
int stdout_stream_start(struct stdout_stream *stream);
void stdout_stream_credit(struct stdout_stream *stream, uint32_t amount);
/* The command has exited: what stands in the pipe now is all that is delivered. */
void stdout_stream_bound(struct stdout_stream *stream);
/* At most one frame; whether there was one. */
bool stdout_stream_pump(struct stdout_stream *stream);
/* Whether another turn could move bytes without waiting for an event. */
bool stdout_stream_is_ready(const struct stdout_stream *stream);
/* Lets go of the descriptor; what background children still write to it is read away. */
void stdout_stream_close(struct stdout_stream *stream);

#endif
