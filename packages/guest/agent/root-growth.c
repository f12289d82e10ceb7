#include "root-growth.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "control.h"
#include "devices.h"
#include "root-disk.h"
#include "watch.h"

/* fs/ext4/ext4.h of Linux; the number of blocks. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
/* A quarter of a second under emulation. */
#define STEP (UINT64_C(16) << 30)
#define PATIENCE_MILLISECONDS 2000

/* In bytes. `target` is 0 while nothing is under way. */
static uint64_t target, reached, block_size;
static struct watch announcements = {.fd = -1};
static uint64_t awaited;
static void (*answer)(int error, const char *why);

static const char *reason(int error) { return error == -EOPNOTSUPP ? "the root file system cannot grow" : strerror(-error); }

static int resize(uint64_t bytes) {
  uint64_t blocks = bytes / block_size;
  int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int error = control(fd, EXT4_IOC_RESIZE_FS, &blocks);
  close(fd);
  return error;
}

/* 0: there is nothing to do; 1: there is. */
static int begin(void) {
  uint64_t disk = 0;
  target = 0;
  int error = root_disk_size(&disk);
  if (error == 0) error = root_file_system_size(&reached, &block_size);
  if (error < 0 || disk - disk % block_size <= reached) return error;
  target = disk;
  return 1;
}

/* 0: it is done; 1: there is more to do. */
static int step(void) {
  uint64_t next = reached - reached % STEP + STEP;
  if (next > target) next = target;
  int error = resize(next);
  reached = next;
  if (error == 0 && reached < target) return 1;
  target = 0;
  return error;
}

static long milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

static void end(int error) {
  if (error < 0) console_log("the root file system does not fill its disk: %s", strerror(-error));
  if (awaited == 0) return;
  awaited = 0;
  answer(error, error == 0 ? NULL : reason(error));
}

void root_grow(void) {
  if (target != 0) return;
  long until = milliseconds_now() + PATIENCE_MILLISECONDS;
  int error = begin();
  while (error == 1 && milliseconds_now() < until) error = step();
  if (error <= 0) end(error);
}

bool root_grow_on(void) {
  if (target == 0) return false;
  int error = step();
  if (error == 1) return true;
  end(error);
  return false;
}

/* 1 while the disk is smaller than is awaited, and while it is being filled. */
static int begin_awaited(void) {
  uint64_t disk = 0;
  int error = root_disk_size(&disk);
  if (error < 0) return error;
  return disk < awaited ? 1 : begin();
}

/* What the kernel says is not looked at, only that it says something: the disk itself tells its size. */
static void on_announcement(struct watch *watch, uint32_t events) {
  (void)events;
  char message[4096];
  /* ENOBUFS: some were lost, which is as good. */
  while (recv(watch->fd, message, sizeof message, 0) >= 0 || errno == ENOBUFS) continue;
  int error = begin_awaited();
  if (error == 1 && target == 0) return;
  watch_close(watch);
  if (error <= 0) end(error);
}

static int listen_to_kernel(void) {
  int fd = devices_announcements();
  if (fd < 0) return fd;
  announcements = (struct watch){.fd = fd, .ready = on_announcement};
  return watch_add(&announcements, EPOLLIN);
}

void root_forget_growth(void) {
  awaited = 0;
  watch_close(&announcements);
}

int root_await_growth(uint64_t bytes, void (*done)(int error, const char *why), const char **why) {
  root_forget_growth();
  awaited = bytes;
  answer = done;
  /* Before the first look, so that nothing is missed between the two. */
  int error = listen_to_kernel();
  if (error == 0) error = begin_awaited();
  if (error <= 0) root_forget_growth();
  else if (target != 0) watch_close(&announcements);
  if (error < 0) *why = reason(error);
  return error;
}
