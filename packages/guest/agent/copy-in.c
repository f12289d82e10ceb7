#include "copy-in.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy-place.h"
#include "copy-stream.h"

struct level {
  int fd;
  size_t mark; /* of copy_path */
  mode_t mode;
  struct timespec mtime;
};

static const struct errand *request;
static struct copy_place place;
static bool placed;
static struct level levels[MAX_DEPTH];
static int depth; /* open directories */
static int file = -1;
static struct copy_entry open_file;
static size_t file_mark;
static bool hole_last; /* the file is to be longer than what was written of it */
static bool complete; /* the first entry is whole */

static void undo(void) {
  if (placed) copy_place_remove(&place);
}

static _Noreturn void malformed(void) { copy_fail(EPROTO, "the stream of the copy makes no sense"); }

static int parent(void) { return depth > 0 ? levels[depth - 1].fd : place.into; }

/* The name that an entry gets where it is made. */
static const char *begin(const struct copy_entry *entry, bool tree) {
  if (complete || file >= 0 || (depth > 0) != (entry->name[0] != 0)) malformed();
  if (depth > 0) return entry->name;
  copy_place_find(&place, request, tree);
  placed = true;
  return place.staged;
}

static void enter(const struct copy_entry *entry) {
  const char *name = begin(entry, true);
  size_t mark = copy_path_enter(entry->name);
  if (depth == MAX_DEPTH) copy_fail_here(ELOOP, "lies too deep");
  /* An archive may come back to a directory. */
  bool again = mkdirat(parent(), name, 0700) < 0;
  if (again && (errno != EEXIST || depth == 0)) copy_fail_here(errno, "cannot be made");
  int fd = openat(parent(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) copy_fail_here(errno, "cannot be opened");
  if (again) fchmod(fd, 0700);
  levels[depth++] = (struct level){.fd = fd, .mark = mark, .mode = entry->mode, .mtime = entry->mtime};
}

static void set_time(int fd, struct timespec mtime) {
  const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, mtime};
  if (futimens(fd, times) < 0) copy_fail_here(errno, "cannot have its time");
}

static void set_mode(int fd, mode_t mode) {
  if (fchmod(fd, mode) < 0) copy_fail_here(errno, "cannot have its mode");
}

static void leave(void) {
  if (depth == 0 || file >= 0) malformed();
  struct level *level = &levels[--depth];
  set_mode(level->fd, level->mode);
  set_time(level->fd, level->mtime);
  close(level->fd);
  copy_path_leave(level->mark);
  complete = depth == 0;
}

static mode_t made_with(mode_t wanted) { return depth > 0 && (wanted & ~(mode_t)0777) == 0 ? wanted : 0600; }

static void begin_file(const struct copy_entry *entry) {
  const char *name = begin(entry, false);
  file_mark = copy_path_enter(entry->name);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  /* In a tree nobody else gets to it before it is whole: it has its mode at once, which spares the disk a change. */
  const mode_t mode = made_with(entry->mode);
  file = openat(parent(), name, flags, mode);
  /* An archive may hold a name twice: the later one counts. */
  if (file < 0 && errno == EEXIST && unlinkat(parent(), name, 0) == 0) file = openat(parent(), name, flags, mode);
  if (file < 0) copy_fail_here(errno, "cannot be made");
  open_file = *entry;
  hole_last = false;
}

static void write_file(const struct record *record) {
  if (file < 0) malformed();
  for (uint32_t at = 0; at < record->size;) {
    ssize_t wrote = write(file, record->payload + at, record->size - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) copy_fail_here(wrote < 0 ? errno : EIO, "cannot be written");
    at += (uint32_t)wrote;
  }
  hole_last = false;
}

static void leave_hole(const struct record *record) {
  if (file < 0 || record->size != 8) malformed();
  uint64_t length = load_u64(record->payload);
  if (length > LLONG_MAX || lseek(file, (off_t)length, SEEK_CUR) < 0) copy_fail_here(EFBIG, "cannot be written");
  hole_last = true;
}

static void finish_file(void) {
  if (file < 0) malformed();
  off_t length = hole_last ? lseek(file, 0, SEEK_CUR) : 0;
  if (length < 0 || (hole_last && ftruncate(file, length) < 0)) copy_fail_here(errno, "cannot be written");
  if (made_with(open_file.mode) != open_file.mode) set_mode(file, open_file.mode);
  set_time(file, open_file.mtime);
  if (close(file) < 0) copy_fail_here(errno, "cannot be written");
  file = -1;
  copy_path_leave(file_mark);
  complete = depth == 0;
}

static void make_symlink(const struct copy_entry *entry) {
  char target[4096];
  if (entry->target_length == 0 || entry->target_length >= sizeof target || memchr(entry->target, 0, entry->target_length) != NULL)
    malformed();
  memcpy(target, entry->target, entry->target_length);
  target[entry->target_length] = 0;
  const char *name = begin(entry, false);
  size_t mark = copy_path_enter(entry->name);
  int error = symlinkat(target, parent(), name);
  if (error < 0 && errno == EEXIST && unlinkat(parent(), name, 0) == 0) error = symlinkat(target, parent(), name);
  if (error < 0) copy_fail_here(errno, "cannot be made");
  const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, entry->mtime};
  utimensat(parent(), name, times, AT_SYMLINK_NOFOLLOW);
  copy_path_leave(mark);
  complete = depth == 0;
}

static _Noreturn void finish(const struct record *record) {
  if (!complete || record->size != 0) malformed();
  copy_place_commit(&place);
  copy_done();
}

static void take(const struct record *record) {
  struct copy_entry entry;
  bool names = record->kind >= RECORD_DIRECTORY && record->kind <= RECORD_SYMLINK;
  if (names && !copy_entry_decode(record, &entry)) malformed();
  switch (record->kind) {
    case RECORD_DIRECTORY: enter(&entry); break;
    case RECORD_FILE: begin_file(&entry); break;
    case RECORD_SYMLINK: make_symlink(&entry); break;
    case RECORD_UP: leave(); break;
    case RECORD_DATA: write_file(record); break;
    case RECORD_HOLE: leave_hole(record); break;
    case RECORD_CLOSE: finish_file(); break;
    case RECORD_DONE: finish(record);
    default: malformed();
  }
}

_Noreturn void copy_in(const struct errand *errand) {
  request = errand;
  copy_undo = undo;
  umask(0);
  struct record record;
  while (record_read(&record)) take(&record);
  copy_fail(EPIPE, "the stream of the copy ended before the copy was whole");
}
