/* The disk that the root file system is on, and its size. */
#ifndef NOOK_ROOT_DISK_H
#define NOOK_ROOT_DISK_H

#include <stdint.h>

#define ROOT_DISK "/dev/vda"

/* Mounts it read-only. 0 or -errno. */
int root_mount(const char *at);
/* Its size in bytes. 0 or -errno. */
int root_disk_size(uint64_t *bytes);
/* The size of its file system, and of one block of that. 0, or -errno; EOPNOTSUPP: it is no ext4. */
int root_file_system_size(uint64_t *bytes, uint64_t *block);

#endif
