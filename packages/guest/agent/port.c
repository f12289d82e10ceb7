#include "port.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "console.h"
#include "guard.h"
#include "watch.h"

#define IN_CAPACITY (HEADER_SIZE + MAX_PAYLOAD + 65536u)
#define OUT_CAPACITY (4u * (HEADER_SIZE + MAX_PAYLOAD))
#define OUT_RESERVE 16384u
/* One turn of the loop reads at most this much, so that output is not starved. */
#define RECEIVE_BUDGET (512u * 1024u)

static struct {
  struct watch watch;
  bool reconnects;
  bool connected;
  bool readable;
  bool writable;
  bool broken; /* what comes in is no stream of frames; ignored until the host connects anew */
  bool ended;
  bool held;
  size_t in_length;
  size_t out_head;
  size_t out_tail;
  size_t boundary; /* the first start of a frame at or after out_head */
} port = {.watch.fd = -1};

static uint8_t in[IN_CAPACITY];
static uint8_t out[OUT_CAPACITY];

static void forget_connection(void) {
  port.connected = false;
  port.held = false;
  port.broken = false;
  port.in_length = 0;
  port.out_head = port.boundary;
}

static void on_ready(struct watch *watch, uint32_t events) {
  (void)watch;
  if (port.reconnects && (events & EPOLLHUP) != 0) {
    if (port.connected) forget_connection();
    return;
  }
  port.connected = true;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) port.readable = true;
  if ((events & EPOLLOUT) != 0) port.writable = true;
}

int port_open(int fd, bool reconnects) {
  port.watch = (struct watch){.fd = fd, .ready = on_ready};
  port.reconnects = reconnects;
  return port_watch_again();
}

int port_watch_again(void) { return watch_add(&port.watch, EPOLLIN | EPOLLOUT | EPOLLET); }

void port_close(void) { watch_close(&port.watch); }

bool port_ended(void) { return port.ended; }

bool port_is_empty(void) { return port.out_head == port.out_tail; }

static size_t out_room(void) { return port.held ? 0 : OUT_CAPACITY - (port.out_tail - port.out_head); }

/* A frame of the host can be answered; taking one ends a hold. */
static bool room_for_answers(void) { return OUT_CAPACITY - (port.out_tail - port.out_head) >= CONTROL_ROOM; }

void port_hold(void) { port.held = true; }

void port_forget_unsent(void) { port.out_tail = port.boundary; }

size_t port_room_for_data(void) {
  size_t room = out_room();
  if (room < OUT_RESERVE + HEADER_SIZE) return 0;
  room -= OUT_RESERVE + HEADER_SIZE;
  return room > MAX_PAYLOAD ? MAX_PAYLOAD : room;
}

bool port_room_for_control(void) { return out_room() >= CONTROL_ROOM; }

/* `size` contiguous bytes at the tail; the caller knows that the queue has room for them. */
static uint8_t *reserve(size_t size) {
  if (OUT_CAPACITY - port.out_tail < size) {
    memmove(out, out + port.out_head, port.out_tail - port.out_head);
    port.boundary -= port.out_head;
    port.out_tail -= port.out_head;
    port.out_head = 0;
  }
  return out + port.out_tail;
}

static void commit(uint8_t *at, uint8_t type, uint32_t channel, uint8_t stream, size_t size) {
  struct frame frame = {.type = type, .channel = channel, .stream = stream, .size = (uint32_t)size};
  frame_write_header(at, &frame);
  port.out_tail += HEADER_SIZE + size;
}

bool port_send(uint8_t type, uint32_t channel, uint8_t stream, const void *payload, size_t size) {
  if (out_room() < HEADER_SIZE + size) return false;
  uint8_t *at = reserve(HEADER_SIZE + size);
  if (size > 0) memcpy(at + HEADER_SIZE, payload, size);
  commit(at, type, channel, stream, size);
  return true;
}

bool port_send_payload(uint8_t type, uint32_t channel, const struct payload *payload) {
  return port_send(type, channel, 0, payload->bytes, payload->length);
}

bool port_send_error(uint32_t channel, int error, const char *message) {
  struct payload payload = {0};
  payload_u32(&payload, 1, (uint32_t)error);
  payload_string(&payload, 3, message);
  return port_send_payload(FRAME_ERROR, channel, &payload);
}

long port_send_from(int fd, size_t limit, uint32_t channel, uint8_t stream) {
  size_t room = port_room_for_data();
  if (limit > room) limit = room;
  uint8_t *at = reserve(HEADER_SIZE + limit);
  ssize_t got = read(fd, at + HEADER_SIZE, limit);
  if (got < 0) return -errno;
  if (got > 0) commit(at, FRAME_DATA, channel, stream, (size_t)got);
  return got;
}

void port_flush(void) {
  while (port.writable && !port.ended && !port_is_empty()) {
    ssize_t wrote = write(port.watch.fd, out + port.out_head, port.out_tail - port.out_head);
    if (wrote > 0) {
      port.out_head += (size_t)wrote;
      while (port.boundary < port.out_head) port.boundary += HEADER_SIZE + load_u32(out + port.boundary);
    } else if (wrote < 0 && errno == EAGAIN) {
      port.writable = false;
    } else if (wrote < 0 && errno != EINTR) {
      console_log("the port cannot be written: %s", strerror(errno));
      port.ended = true;
    }
  }
  if (port_is_empty()) port.out_head = port.out_tail = port.boundary = 0;
}

/* Dispatches the whole frames in the buffer; what is left of it is moved to the front. */
static void take_frames(void (*dispatch)(const struct frame *frame)) {
  size_t at = 0;
  while (!port.broken && room_for_answers()) {
    struct frame frame;
    long took = frame_parse(in + at, port.in_length - at, &frame);
    if (took == 0) break;
    if (took < 0) {
      port.broken = true;
      port_send_error(0, (int)-took, took == -EMSGSIZE ? "a frame of more than 65536 bytes" : "not a frame: reserved bytes are set");
      break;
    }
    at += (size_t)took;
    port.held = false;
    guard_on(in + at, IN_CAPACITY - at);
    dispatch(&frame);
    guard_off(in + at, IN_CAPACITY - at);
  }
  if (port.broken) at = port.in_length;
  if (at > 0) memmove(in, in + at, port.in_length - at);
  port.in_length -= at;
}

static bool has_whole_frame(void) {
  struct frame frame;
  return !port.broken && frame_parse(in, port.in_length, &frame) != 0;
}

bool port_has_input(void) {
  return !port.ended && room_for_answers() && (port.readable || has_whole_frame());
}

void port_receive(void (*dispatch)(const struct frame *frame)) {
  if (has_whole_frame()) take_frames(dispatch);
  size_t budget = RECEIVE_BUDGET;
  while (port.readable && budget > 0 && room_for_answers() && port.in_length < IN_CAPACITY) {
    ssize_t got = read(port.watch.fd, in + port.in_length, IN_CAPACITY - port.in_length);
    if (got > 0) {
      port.in_length += (size_t)got;
      budget -= (size_t)got < budget ? (size_t)got : budget;
      take_frames(dispatch);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      port.readable = false;
    } else {
      port.readable = false;
      if (!port.reconnects) port.ended = true;
      if (got < 0 && !port.ended) {
        console_log("the port cannot be read: %s", strerror(errno));
        port.ended = true;
      }
    }
  }
}
