#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH 64

static int set = -1;
static void **graves;
static size_t grave_count;
static size_t grave_capacity;

int watch_open(void) {
  if (set >= 0) close(set);
  set = epoll_create1(EPOLL_CLOEXEC);
  return set < 0 ? -errno : 0;
}

int watch_add(struct watch *watch, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = watch};
  if (epoll_ctl(set, EPOLL_CTL_ADD, watch->fd, &event) < 0) return -errno;
  watch->added = true;
  return 0;
}

int watch_release(struct watch *watch) {
  int fd = watch->fd;
  if (fd >= 0 && watch->added) epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
  watch->fd = -1;
  watch->added = false;
  return fd;
}

void watch_close(struct watch *watch) {
  int fd = watch_release(watch);
  if (fd >= 0) close(fd);
}

static void free_graves(void) {
  while (grave_count > 0) free(graves[--grave_count]);
}

void watch_wait(int timeout) {
  struct epoll_event events[BATCH];
  int count = epoll_wait(set, events, BATCH, timeout);
  for (int i = 0; i < count; i++) {
    struct watch *watch = events[i].data.ptr;
    if (watch->fd >= 0) watch->ready(watch, events[i].events);
  }
  free_graves();
}

void watch_free_later(void *memory) {
  if (grave_count == grave_capacity) {
    size_t capacity = grave_capacity == 0 ? 64 : grave_capacity * 2;
    void **grown = realloc(graves, capacity * sizeof *graves);
    /* Losing the memory is better than freeing what an event may still refer to. */
    if (grown == NULL) return;
    graves = grown;
    grave_capacity = capacity;
  }
  graves[grave_count++] = memory;
}
