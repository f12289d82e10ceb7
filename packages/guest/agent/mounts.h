/* The file systems of the machine. */
#ifndef NOOK_MOUNTS_H
#define NOOK_MOUNTS_H

#include <stdbool.h>

/* proc, sysfs and devtmpfs in the initramfs. 0 or -errno. */
int mounts_initial(void);
/* Moves them to the root disk mounted on /root and makes that the root. 0 or -errno. */
int mounts_switch_root(void);
/* Mounts what is missing; with `create` (the root is writable) also makes missing mount points. 0 or the first -errno. */
int mounts_complete(bool create);

#endif
