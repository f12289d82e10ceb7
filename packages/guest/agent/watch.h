/* File descriptors in the one epoll set. Mostly edge-triggered: a handler notes what is ready, the pump does the work. */
#ifndef NOOK_WATCH_H
#define NOOK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch {
  bool added; /* to the set */
  int fd; /* -1: not open; an event that is still under way for it is skipped */
  void (*ready)(struct watch *watch, uint32_t events);
};

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/* A second time: a new, empty set. */
int watch_open(void);
/* `events` as for epoll, EPOLLET included where wanted. 0 or -errno. */
int watch_add(struct watch *watch, uint32_t events);
/* Takes the descriptor out of the set and closes it. Explicitly: a child between fork and exec still holds a copy. */
void watch_close(struct watch *watch);
/* The same without closing. */
int watch_release(struct watch *watch);
/* Waits at most `timeout` milliseconds (-1: for ever) and calls the handlers. */
void watch_wait(int timeout);
/* Frees the memory when no event of the current batch can refer to it any more. */
void watch_free_later(void *memory);

#endif
