/* The image's own init. */
#ifndef NOOK_IMAGE_INIT_H
#define NOOK_IMAGE_INIT_H

#include <stdbool.h>

struct image_init {
  char *path;
  bool systemd;
};

/* Where kernels look for one. False: the image has none. */
bool image_init_find(struct image_init *init);
/* The machine as an init expects to find it; for systemd without what waits in vain here. */
void image_init_prepare(const struct image_init *init);
/* Becomes it; returns -errno on failure. */
int image_init_run(const struct image_init *init);

#endif
