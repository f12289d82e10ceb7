/* Trees that a copy has made: removing them, and moving them into what is there already. */
#ifndef NOOK_COPY_TREE_H
#define NOOK_COPY_TREE_H

#include <sys/stat.h>

enum merge { MERGE_CHECK, MERGE_MOVE };

/* Moves what `from` holds into `to`, directory by directory; MERGE_CHECK only looks whether that can be. */
void copy_tree_merge(int from, int to, enum merge what);
/* rename(2), also of a directory that its owner may not write to. */
void copy_tree_rename(int from, const char *name, int to, const char *new_name);
/*
 * Root needs no permission of a directory. Another user may have to give it to himself; fchmodat follows symlinks, but
 * the kernel lets him change only what is his.
 */
void copy_tree_let_in(int parent, const char *name);
void copy_tree_remove(int parent, const char *name);
/* Ends the copy unless a file may take the place of this. */
void copy_tree_check_replaceable(const struct stat *present);

#endif
