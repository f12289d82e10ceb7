#include "copy-out.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "copy-stream.h"

/* What the kernel makes up: endless, or with no meaning elsewhere. Copied only when it is named itself. */
static bool is_made_up(int fd) {
  static const unsigned long types[] = {0x9fa0 /* proc */, 0x62656572 /* sysfs */, 0x63677270 /* cgroup2 */, 0x1cd1 /* devpts */,
                                        0x74726163 /* tracefs */, 0x64626720 /* debugfs */, 0x73636673 /* securityfs */, 0xcafe4a11 /* bpf */};
  struct statfs about;
  if (fstatfs(fd, &about) < 0) return false;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if ((unsigned long)about.f_type == types[i]) return true;
  return false;
}

static void skip(const char *why) {
  char message[4400];
  size_t length = strlen(copy_path());
  memcpy(message, copy_path(), length);
  memcpy(message + length, why, strlen(why));
  record_write(RECORD_SKIPPED, message, length + strlen(why));
}

/* Bytes until the next hole; holes before them are sent. -1 at the end of the file. */
static off_t next_run(int fd, off_t *at, off_t size) {
  off_t data = lseek(fd, *at, SEEK_DATA);
  if (data < 0 && errno != ENXIO) copy_fail_here(errno, "cannot be read");
  if (data < 0 || data > size) data = size;
  if (data > *at) record_write_number(RECORD_HOLE, (uint64_t)(data - *at));
  *at = data;
  if (data == size) return -1;
  off_t hole = lseek(fd, data, SEEK_HOLE);
  if (hole < 0 || hole > size) hole = size;
  lseek(fd, data, SEEK_SET);
  return hole - data;
}

/* A file that grows is sent as long as it was; the size of what the kernel makes up is 0 and says nothing. */
static void send_bytes(int fd, const struct stat *about) {
  bool sparse = about->st_size > 0 && about->st_blocks < about->st_size / 512;
  off_t at = 0;
  while (about->st_size == 0 || at < about->st_size) {
    off_t run = about->st_size == 0 ? (off_t)MAX_RECORD : sparse ? next_run(fd, &at, about->st_size) : about->st_size - at;
    if (run < 0) return;
    for (off_t sent = 0; sent < run;) {
      long got = record_write_from(fd, (size_t)(run - sent));
      if (got == -EINTR) continue;
      if (got < 0) copy_fail_here((int)-got, "cannot be read");
      if (got == 0) return;
      sent += got;
      at += got;
    }
  }
}

/* Whether the path itself may be a symlink that is followed; nothing below it ever is. */
static int first_flags = O_NOFOLLOW;

static void send(int parent, const char *at, const char *name, struct stat about, int depth);

static void send_directory(int fd, dev_t device, int depth) {
  DIR *directory = fdopendir(fd);
  if (directory == NULL) copy_fail_here(errno, "cannot be listed");
  while (1) {
    errno = 0;
    struct dirent *entry = readdir(directory);
    if (entry == NULL && errno != 0) copy_fail_here(errno, "cannot be listed");
    if (entry == NULL) break;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size_t mark = copy_path_enter(entry->d_name);
    struct stat about;
    if (fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0) {
      int mounted = about.st_dev == device || !S_ISDIR(about.st_mode) ? -1 : openat(fd, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      bool made_up = mounted >= 0 && is_made_up(mounted);
      if (mounted >= 0) close(mounted);
      if (made_up)
        skip(": is not on a disk");
      else
        send(fd, entry->d_name, entry->d_name, about, depth + 1);
    } else if (errno != ENOENT) {
      copy_fail_here(errno, "cannot be looked at");
    }
    copy_path_leave(mark);
  }
  closedir(directory);
  record_write(RECORD_UP, NULL, 0);
}

static void send_symlink(int parent, const char *at, const char *name, const struct stat *about) {
  char target[4096];
  ssize_t length = readlinkat(parent, at, target, sizeof target - 1);
  if (length < 0) copy_fail_here(errno, "cannot be read");
  target[length] = 0;
  record_write_entry(RECORD_SYMLINK, about, name, target);
}

/* `at` may be a path for the first entry, and is a name for all others. What vanished under the walk was not there. */
static void send(int parent, const char *at, const char *name, struct stat about, int depth) {
  if (depth > MAX_DEPTH) copy_fail_here(ELOOP, "lies too deep");
  if (S_ISLNK(about.st_mode)) {
    send_symlink(parent, at, name, &about);
    return;
  }
  bool is_directory = S_ISDIR(about.st_mode);
  if (!is_directory && !S_ISREG(about.st_mode)) {
    if (depth == 0) copy_fail(EINVAL, "%s: is neither a file nor a directory", copy_path());
    skip(": is neither a file, nor a directory, nor a symlink");
    return;
  }
  int fd = openat(parent, at, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (depth > 0 ? O_NOFOLLOW : first_flags) | (is_directory ? O_DIRECTORY : 0));
  if (fd < 0 && errno == ENOENT && depth > 0) return;
  if (fd < 0) copy_fail_here(errno, "cannot be opened");
  if (fstat(fd, &about) < 0) copy_fail_here(errno, "cannot be looked at");
  if (is_directory) {
    record_write_entry(RECORD_DIRECTORY, &about, name, NULL);
    send_directory(fd, about.st_dev, depth);
    return;
  }
  if (!S_ISREG(about.st_mode)) copy_fail_here(EINVAL, "changed under the copy");
  record_write_entry(RECORD_FILE, &about, name, NULL);
  send_bytes(fd, &about);
  record_write(RECORD_CLOSE, NULL, 0);
  close(fd);
}

_Noreturn void copy_out(const struct errand *errand) {
  const char *path = errand->path[0] == 0 ? "." : errand->path;
  copy_path_enter(path);
  struct stat about;
  if (fstatat(AT_FDCWD, path, &about, errand->follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) copy_fail(errno, "%s: %s", path, strerror(errno));
  first_flags = errand->follow ? 0 : O_NOFOLLOW;
  send(AT_FDCWD, path, "", about, 0);
  copy_done();
}
