#include "stdout-stream.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "drain.h"
#include "frames.h"
#include "large-pipe.h"
#include "port.h"

#define STREAMING 32768
/* More than the kernel keeps of a terminal's output (4 KiB read buffer, 8 KiB behind it). */
#define TERMINAL_BACKLOG 16384u
#define MAX_CREDIT (1u << 30)
/* While the queue has less room than this, waiting is better than many small frames. */
#define SMALL_FRAME 4096u

static void on_readable(struct watch *watch, uint32_t events) {
  struct stdout_stream *stream = container_of(watch, struct stdout_stream, watch);
  stream->readable = true;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) stream->hung_up = true;
}

void stdout_stream_open(struct stdout_stream *stream, int fd, uint32_t channel, uint8_t number) {
  *stream = (struct stdout_stream){
      .watch = {.fd = fd, .ready = on_readable},
      .channel = channel,
      .stream = number,
      .finished = fd < 0,
      .credit = WINDOW,
  };
}

int stdout_stream_start(struct stdout_stream *stream) {
  return stream->watch.fd < 0 ? 0 : watch_add(&stream->watch, EPOLLIN | EPOLLET);
}

void stdout_stream_credit(struct stdout_stream *stream, uint32_t amount) {
  stream->credit += amount;
  if (stream->credit > MAX_CREDIT) stream->credit = MAX_CREDIT;
}

void stdout_stream_bound(struct stdout_stream *stream) {
  if (stream->watch.fd < 0 || stream->finished) return;
  int pending = 0;
  stream->bounded = true;
  if (stream->pty)
    stream->left = TERMINAL_BACKLOG;
  else
    stream->left = ioctl(stream->watch.fd, FIONREAD, &pending) == 0 && pending > 0 ? (uint64_t)pending : 0;
  stream->readable = true;
}

static bool finish(struct stdout_stream *stream) {
  if (!port_send(FRAME_END, stream->channel, stream->stream, NULL, 0)) return false;
  stream->finished = true;
  return true;
}

bool stdout_stream_is_ready(const struct stdout_stream *stream) {
  if (stream->finished || !stream->readable) return false;
  return stream->bounded && stream->left == 0 ? port_room_for_control() : stream->credit > 0 && port_room_for_data() >= SMALL_FRAME;
}

/* Bytes were read, fewer than asked for: a pipe is empty then. A terminal hands out its buffers one by one. */
static void note_short_read(struct stdout_stream *stream) {
  if (!stream->pty && !stream->hung_up && !stream->bounded) stream->readable = false;
}

bool stdout_stream_pump(struct stdout_stream *stream) {
  if (!stdout_stream_is_ready(stream)) return false;
  if (stream->bounded && stream->left == 0) return finish(stream);
  size_t limit = port_room_for_data();
  if (limit > stream->credit) limit = (size_t)stream->credit;
  if (stream->bounded && limit > stream->left) limit = (size_t)stream->left;
  long got = port_send_from(stream->watch.fd, limit, stream->channel, stream->stream);
  if (got > 0) {
    stream->credit -= (uint64_t)got;
    if (stream->bounded) stream->left -= (uint64_t)got;
    if ((size_t)got < limit) note_short_read(stream);
    if (got >= STREAMING && !stream->large && !stream->pty) stream->large = large_pipe_begin(stream->watch.fd);
    return true;
  }
  if (got == -EINTR) return true;
  /* A terminal that nobody has open right now can be opened again, as long as the command lives. */
  bool over = stream->bounded || (got != -EAGAIN && !stream->pty);
  if (over) {
    stream->at_end = got == 0 && !stream->pty;
    stream->bounded = true;
    stream->left = 0;
    return finish(stream);
  }
  stream->readable = false;
  return false;
}

void stdout_stream_close(struct stdout_stream *stream) {
  if (stream->large) large_pipe_end();
  stream->large = false;
  if (stream->watch.fd < 0) return;
  if (stream->at_end)
    watch_close(&stream->watch);
  else
    drain_add(watch_release(&stream->watch));
}
