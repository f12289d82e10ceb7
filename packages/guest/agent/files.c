#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE_BLOCK 4096

long file_read(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return -errno;
  size_t length = 0;
  ssize_t got;
  while (length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0) length += (size_t)got;
  close(fd);
  text[length] = 0;
  return (long)length;
}

static int holds(const char *path, const char *text) {
  char present[8192];
  struct stat about;
  size_t length = strlen(text);
  if (length >= sizeof present || lstat(path, &about) < 0 || !S_ISREG(about.st_mode)) return 0;
  return about.st_size == (off_t)length && file_read(path, present, sizeof present) == (long)length && memcmp(present, text, length) == 0;
}

/* Within one block, which the disk takes whole or not at all: no new file, no rename. */
static int overwrite(const char *path, const char *text) {
  struct stat about;
  size_t length = strlen(text);
  if (length > ONE_BLOCK) return -EFBIG;
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return -errno;
  int error = -EINVAL;
  if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 1 && about.st_size > 0 && about.st_size <= ONE_BLOCK) {
    ssize_t wrote = pwrite(fd, text, length, 0);
    if (wrote == (ssize_t)length) error = about.st_size > (off_t)length && ftruncate(fd, (off_t)length) < 0 ? -errno : 0;
  }
  close(fd);
  return error;
}

int file_replace(const char *path, const char *text) {
  if (holds(path, text) || overwrite(path, text) == 0) return 0;
  char fresh[128];
  snprintf(fresh, sizeof fresh, "%s.nook", path);
  unlink(fresh);
  int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return -errno;
  size_t length = strlen(text);
  ssize_t wrote = write(fd, text, length);
  int error = wrote == (ssize_t)length ? 0 : wrote < 0 ? -errno : -ENOSPC;
  close(fd);
  if (error == 0 && rename(fresh, path) < 0) error = -errno;
  if (error < 0) unlink(fresh);
  return error;
}
