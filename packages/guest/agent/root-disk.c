#include "root-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "console.h"

#define BLKGETSIZE64 _IOR(0x12, 114, size_t)
/* fs/ext4/ext4.h of Linux; does nothing when the file system has this size already. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

static int disk_size(uint64_t *bytes) {
  int fd = open(ROOT_DISK, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int error = ioctl(fd, BLKGETSIZE64, bytes) < 0 ? -errno : 0;
  close(fd);
  return error;
}

static int grow(void) {
  uint64_t bytes;
  struct statfs about;
  static uint64_t filled;
  int error = disk_size(&bytes);
  if (error < 0 || bytes == filled) return error;
  int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (fstatfs(fd, &about) < 0) error = -errno;
  if (error == 0) {
    uint64_t blocks = bytes / (uint64_t)about.f_bsize;
    if (ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks) < 0) error = -errno;
  }
  if (error == 0) filled = bytes;
  close(fd);
  return error;
}

void root_grow(void) {
  int error = grow();
  if (error < 0) console_log("the root file system does not fill its disk: %s", strerror(-error));
}
