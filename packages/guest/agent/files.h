/* Small configuration files of the guest. */
#ifndef NOOK_FILES_H
#define NOOK_FILES_H

#include <stddef.h>

/* Where paths begin: "" in a guest. Until it is called there are no files. */
void files_below(const char *directory);

/* Replaces whatever stands at `path` by a plain file of mode 0644, unless it is one with these bytes. 0 or -errno. */
int file_replace(const char *path, const char *text);
/* At most size - 1 bytes and a NUL; their number or -errno. */
long file_read(const char *path, char *text, size_t size);
/* The same for a file of /proc, which is everywhere the kernel's own. */
long file_read_proc(const char *path, char *text, size_t size);
/* Whether a plain file stands there, not a link to one. */
int file_is_plain(const char *path);

#endif
