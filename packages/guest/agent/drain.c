#include "drain.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "watch.h"

#define MAX_DRAINS 512

struct drain {
  struct watch watch;
  struct drain *newer;
  struct drain *older;
};

static struct drain *newest;
static struct drain *oldest;
static unsigned count;

static void end(struct drain *drain) {
  watch_close(&drain->watch);
  *(drain->newer == NULL ? &newest : &drain->newer->older) = drain->older;
  *(drain->older == NULL ? &oldest : &drain->older->newer) = drain->newer;
  count--;
  watch_free_later(drain);
}

/* Reads once; whether more may come. */
static int read_away(int fd) {
  static char nowhere[65536];
  ssize_t got = read(fd, nowhere, sizeof nowhere);
  return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

static void on_readable(struct watch *watch, uint32_t events) {
  (void)events;
  if (!read_away(watch->fd)) end(container_of(watch, struct drain, watch));
}

void drain_add(int fd) {
  struct drain *drain = read_away(fd) ? calloc(1, sizeof *drain) : NULL;
  if (drain == NULL) {
    close(fd);
    return;
  }
  drain->watch = (struct watch){.fd = fd, .ready = on_readable};
  if (watch_add(&drain->watch, EPOLLIN) < 0) {
    close(fd);
    free(drain);
    return;
  }
  drain->older = newest;
  *(newest == NULL ? &oldest : &newest->newer) = drain;
  newest = drain;
  if (++count > MAX_DRAINS) end(oldest);
}

void drain_close_all(void) {
  while (newest != NULL) end(newest);
}
