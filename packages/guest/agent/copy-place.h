/* Where a copy from the host goes, and its way there: staged beside, then renamed. Follows no symlink below `into`. */
#ifndef NOOK_COPY_PLACE_H
#define NOOK_COPY_PLACE_H

#include <stdbool.h>

#include "errand.h"

struct copy_place {
  int into;        /* directory in which the staged copy lies */
  bool merge;      /* `into` is the target itself, a directory that is there already */
  char final[256]; /* the name in `into`, unless merging */
  char staged[40];
};

/* Finds the place for a file (or symlink) or a tree, and a name to stage it under. Ends the copy when it cannot be. */
void copy_place_find(struct copy_place *place, const struct errand *errand, bool tree);
/* Brings the whole copy to its place. Ends the copy, with nothing changed, when something stands in the way. */
void copy_place_commit(const struct copy_place *place);
void copy_place_remove(const struct copy_place *place);

#endif
