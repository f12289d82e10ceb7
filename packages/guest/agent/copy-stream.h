/*
 * The stream of a copy (docs/guest-protocol.md, "Copying"): records over this process's stdin and stdout, blocking.
 * Trees are walked by single names, never by paths, so that there is nothing in it that could lead elsewhere.
 */
#ifndef NOOK_COPY_STREAM_H
#define NOOK_COPY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum record_kind {
  RECORD_DIRECTORY = 1,
  RECORD_FILE,
  RECORD_SYMLINK,
  RECORD_UP,
  RECORD_DATA,
  RECORD_HOLE,
  RECORD_CLOSE,
  RECORD_SKIPPED,
  RECORD_DONE,
  RECORD_FAILED,
};

#define MAX_RECORD 65536u
#define MAX_DEPTH 256
#define MAX_NAME 255u

struct record {
  const uint8_t *payload; /* valid until the next record is read */
  uint32_t size;
  uint8_t kind;
};

/* The payload of DIRECTORY, FILE and SYMLINK. */
struct copy_entry {
  mode_t mode;
  struct timespec mtime;
  char name[MAX_NAME + 1]; /* empty for the first entry of a stream */
  const uint8_t *target;
  uint32_t target_length;
};

/* False when the stream ends here, or can be none. */
bool record_read(struct record *record);
bool copy_entry_decode(const struct record *record, struct copy_entry *entry);
/* Whether it names something in a directory: no separator, neither `.` nor `..`. */
bool copy_name_fits(const char *name, size_t length);

void record_write(uint8_t kind, const void *payload, size_t size);
void record_write_number(uint8_t kind, uint64_t value);
/* `target` is NULL but for symlinks. */
void record_write_entry(uint8_t kind, const struct stat *about, const char *name, const char *target);
/* Reads up to `limit` bytes of the file into a DATA record. What read() gave, -errno on errors. */
long record_write_from(int fd, size_t limit);
void record_flush(void);

/* Where in the tree the copy is, for messages. */
size_t copy_path_enter(const char *name);
void copy_path_leave(size_t mark);
const char *copy_path(void);

/* Called by copy_fail first. */
extern void (*copy_undo)(void);
/* Undoes, says FAILED, and ends the process. */
__attribute__((format(printf, 2, 3))) _Noreturn void copy_fail(int error, const char *format, ...);
/* The same about the place in the tree that the copy has reached. */
_Noreturn void copy_fail_here(int error, const char *what);
_Noreturn void copy_done(void);

#endif
