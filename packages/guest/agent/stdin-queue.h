/* What the host sent for a command's stdin and the command has not taken yet: at most one window. */
#ifndef NOOK_STDIN_QUEUE_H
#define NOOK_STDIN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch.h"

struct stdin_queue {
  struct watch watch; /* fd -1 when closed: what still comes is consumed unread */
  uint32_t channel;
  bool pty;
  bool large;
  bool blocked;     /* the last write found no room; its event has not come yet */
  bool ended;       /* the host sent END */
  bool detached;
  bool inside_line; /* the last byte written was no line end */
  uint32_t head;
  uint32_t length;
  uint32_t window;   /* what the host may still send */
  uint32_t consumed; /* not credited yet */
  uint8_t *ring;     /* allocated when first needed */
};

void stdin_queue_open(struct stdin_queue *queue, int fd, uint32_t channel, bool pty);
/* 0, or -EOVERFLOW when the host sent more than it was credited, or -ENOMEM. */
int stdin_queue_take(struct stdin_queue *queue, const uint8_t *bytes, size_t size);
/* Nobody is told any more what the command took. */
void stdin_queue_detach(struct stdin_queue *queue);
void stdin_queue_end(struct stdin_queue *queue);
/* Writes and credits what it can; whether it did. */
bool stdin_queue_pump(struct stdin_queue *queue);
void stdin_queue_close(struct stdin_queue *queue);

#endif
