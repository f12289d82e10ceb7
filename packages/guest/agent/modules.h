/* The kernel modules of the initramfs. */
#ifndef NOOK_MODULES_H
#define NOOK_MODULES_H

/* Loads what /modules/order lists, in that order, and removes the files. What fails is reported and skipped. */
void modules_load(void);

#endif
