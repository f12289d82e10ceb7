#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE_BLOCK 4096

static const char *root;

void files_below(const char *directory) { root = directory; }

static bool locate(char *full, const char *path, const char *suffix) {
  if (root == NULL) return false;
  int length = snprintf(full, PATH_MAX, "%s%s%s", root, path, suffix);
  return length > 0 && length < PATH_MAX;
}

static long read_file(const char *full, char *text, size_t size) {
  int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -errno;
  size_t length = 0;
  ssize_t got;
  while (length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0) length += (size_t)got;
  close(fd);
  text[length] = 0;
  return (long)length;
}

long file_read(const char *path, char *text, size_t size) {
  char full[PATH_MAX];
  return locate(full, path, "") ? read_file(full, text, size) : -ENAMETOOLONG;
}

long file_read_proc(const char *path, char *text, size_t size) { return read_file(path, text, size); }

int file_is_plain(const char *path) {
  char full[PATH_MAX];
  struct stat about;
  return locate(full, path, "") && lstat(full, &about) == 0 && S_ISREG(about.st_mode);
}

static bool holds(const char *full, const char *text) {
  char present[8192];
  struct stat about;
  size_t length = strlen(text);
  if (length >= sizeof present || lstat(full, &about) < 0 || !S_ISREG(about.st_mode)) return false;
  return about.st_size == (off_t)length && read_file(full, present, sizeof present) == (long)length &&
         memcmp(present, text, length) == 0;
}

static int write_file(const char *full, const char *text) {
  int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return -errno;
  size_t left = strlen(text);
  int error = 0;
  while (left > 0 && error == 0) {
    ssize_t wrote = write(fd, text, left);
    if (wrote < 0 && errno != EINTR) error = -errno;
    if (wrote < 0) continue;
    text += wrote;
    left -= (size_t)wrote;
  }
  close(fd);
  return error;
}

/* Within one block, which the disk takes whole or not at all: no new file, no rename. */
static int overwrite(const char *full, const char *text) {
  struct stat about;
  size_t length = strlen(text);
  if (length > ONE_BLOCK) return -EFBIG;
  int fd = open(full, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
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
  char full[PATH_MAX];
  char fresh[PATH_MAX];
  if (!locate(full, path, "") || !locate(fresh, path, ".nook")) return -ENAMETOOLONG;
  if (holds(full, text) || overwrite(full, text) == 0) return 0;
  unlink(fresh);
  int error = write_file(fresh, text);
  if (error == 0 && rename(fresh, full) < 0) error = -errno;
  if (error < 0) unlink(fresh);
  return error;
}
