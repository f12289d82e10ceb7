#include "stdin-queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "frames.h"
#include "large-pipe.h"
#include "port.h"

/* A host that sends this much at once streams; the pipe is made large enough to keep both sides busy. */
#define STREAMING 16384u

static void on_writable(struct watch *watch, uint32_t events) {
  (void)events;
  container_of(watch, struct stdin_queue, watch)->blocked = false;
}

void stdin_queue_open(struct stdin_queue *queue, int fd, uint32_t channel, bool pty) {
  *queue = (struct stdin_queue){
      .watch = {.fd = fd, .ready = on_writable}, .channel = channel, .pty = pty, .window = WINDOW};
}

static void consume_unread(struct stdin_queue *queue) {
  queue->consumed += queue->length;
  queue->length = 0;
}

static void stop_writing(struct stdin_queue *queue) {
  watch_close(&queue->watch);
  consume_unread(queue);
}

/* Bytes written, 0 when there is no room now or nobody reads. */
static size_t write_some(struct stdin_queue *queue, const uint8_t *bytes, size_t size) {
  if (queue->watch.fd < 0 || queue->blocked || size == 0) return 0;
  ssize_t wrote = write(queue->watch.fd, bytes, size);
  if (wrote > 0) {
    queue->inside_line = bytes[wrote - 1] != '\n' && bytes[wrote - 1] != '\r';
    return (size_t)wrote;
  }
  if (wrote < 0 && errno == EINTR) return 0;
  if (wrote < 0 && errno != EAGAIN) {
    stop_writing(queue);
    return 0;
  }
  queue->blocked = true;
  if (!queue->watch.added) watch_add(&queue->watch, EPOLLOUT | EPOLLET);
  return 0;
}

static bool keep(struct stdin_queue *queue, const uint8_t *bytes, size_t size) {
  if (queue->ring == NULL) queue->ring = malloc(WINDOW);
  if (queue->ring == NULL) return false;
  uint32_t at = (queue->head + queue->length) % WINDOW;
  size_t first = WINDOW - at < size ? WINDOW - at : size;
  memcpy(queue->ring + at, bytes, first);
  memcpy(queue->ring, bytes + first, size - first);
  queue->length += (uint32_t)size;
  return true;
}

int stdin_queue_take(struct stdin_queue *queue, const uint8_t *bytes, size_t size) {
  if (size > queue->window) return -EOVERFLOW;
  queue->window -= (uint32_t)size;
  if (!queue->large && !queue->pty && size >= STREAMING && queue->watch.fd >= 0) {
    queue->large = large_pipe_begin(queue->watch.fd);
  }
  size_t wrote = queue->length == 0 && !queue->ended ? write_some(queue, bytes, size) : 0;
  queue->consumed += (uint32_t)wrote;
  if (queue->watch.fd < 0 || queue->ended)
    queue->consumed += (uint32_t)(size - wrote);
  else if (size > wrote && !keep(queue, bytes + wrote, size - wrote))
    return -ENOMEM;
  return 0;
}

void stdin_queue_detach(struct stdin_queue *queue) { queue->detached = true; }

void stdin_queue_end(struct stdin_queue *queue) { queue->ended = true; }

static void send_end_of_file(struct stdin_queue *queue) {
  struct termios settings;
  uint8_t character[2] = {4, 4};
  if (tcgetattr(queue->watch.fd, &settings) == 0) memset(character, settings.c_cc[VEOF], sizeof character);
  /* Inside a line the character only hands over what was typed so far; the second one then is the end. */
  size_t count = queue->inside_line ? 2 : 1;
  if (write_some(queue, character, count) > 0) stop_writing(queue);
}

static bool credit(struct stdin_queue *queue) {
  if (queue->detached || queue->consumed < WINDOW / 4) return false;
  uint8_t amount[4];
  store_u32(amount, queue->consumed);
  if (!port_send(FRAME_CREDIT, queue->channel, STREAM_STDIN, amount, sizeof amount)) return false;
  queue->window += queue->consumed;
  queue->consumed = 0;
  return true;
}

bool stdin_queue_pump(struct stdin_queue *queue) {
  bool moved = false;
  while (queue->length > 0) {
    size_t run = WINDOW - queue->head < queue->length ? WINDOW - queue->head : queue->length;
    size_t wrote = write_some(queue, queue->ring + queue->head, run);
    if (wrote == 0) break;
    queue->head = (queue->head + (uint32_t)wrote) % WINDOW;
    queue->length -= (uint32_t)wrote;
    queue->consumed += (uint32_t)wrote;
    moved = true;
  }
  if (queue->ended && queue->length == 0 && queue->watch.fd >= 0 && !queue->blocked) {
    if (queue->pty)
      send_end_of_file(queue);
    else
      stop_writing(queue);
  }
  return credit(queue) || moved;
}

void stdin_queue_close(struct stdin_queue *queue) {
  if (queue->large) large_pipe_end();
  queue->large = false;
  watch_close(&queue->watch);
  free(queue->ring);
  queue->ring = NULL;
  queue->length = 0;
}
