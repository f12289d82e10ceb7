#include "root-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "control.h"
#include "frames.h"


/* The superblock of ext4, as https://docs.kernel.org/filesystems/ext4/super.html has it: all of it little-endian. */
enum { SUPERBLOCK = 1024, BLOCKS_LOW = 0x4, BLOCK_SHIFT = 0x18, MAGIC = 0x38, BLOCKS_HIGH = 0x150, SUPERBLOCK_SHIFT = 1024 };
#define EXT4_MAGIC 0xef53u

int root_disk_size(uint64_t *bytes) {
  int fd = open(ROOT_DISK, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int error = control(fd, BLKGETSIZE64, bytes);
  close(fd);
  return error;
}

int root_file_system_size(uint64_t *bytes, uint64_t *block) {
  uint8_t super[SUPERBLOCK_SHIFT];
  int fd = open(ROOT_DISK, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t size = pread(fd, super, sizeof super, SUPERBLOCK);
  close(fd);
  if (size != (ssize_t)sizeof super) return -EIO;
  uint32_t shift = load_u32(super + BLOCK_SHIFT);
  if ((load_u32(super + MAGIC) & 0xffff) != EXT4_MAGIC || shift > 6) return -EOPNOTSUPP;
  *block = UINT64_C(1024) << shift;
  *bytes = (((uint64_t)load_u32(super + BLOCKS_HIGH) << 32) + load_u32(super + BLOCKS_LOW)) * *block;
  return 0;
}

/*
 * After a power cut the journal may hold a growth. The kernel has counted the groups of blocks before it reads that, and
 * the next growth would stop it: a second mount counts all of them.
 */
int root_mount(const char *at) {
  uint64_t before = 0, after = 0, block;
  root_file_system_size(&before, &block);
  if (mount(ROOT_DISK, at, "ext4", MS_RDONLY, NULL) < 0) return -errno;
  root_file_system_size(&after, &block);
  if (before == after) return 0;
  if (umount(at) < 0 || mount(ROOT_DISK, at, "ext4", MS_RDONLY, NULL) < 0) return -errno;
  return 0;
}
