/* The disk that the root file system is on. */
#ifndef NOOK_ROOT_DISK_H
#define NOOK_ROOT_DISK_H

#define ROOT_DISK "/dev/vda"

/* Lets the root file system take all of its disk. Says on the console why when it cannot; the machine works all the same. */
void root_grow(void);

#endif
