#include "copy-stream.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frames.h"

#define RECORD_HEADER 5u
#define ENTRY_HEADER 15u
#define CAPACITY (2u * (RECORD_HEADER + MAX_RECORD))

static uint8_t in[CAPACITY];
static size_t in_head;
static size_t in_tail;
static uint8_t out[CAPACITY];
static size_t out_length;

/* `size` bytes at in_head; false when the stream ends before. */
static bool fill(size_t size) {
  while (in_tail - in_head < size) {
    if (CAPACITY - in_head < size) {
      memmove(in, in + in_head, in_tail - in_head);
      in_tail -= in_head;
      in_head = 0;
    }
    ssize_t got = read(STDIN_FILENO, in + in_tail, CAPACITY - in_tail);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    in_tail += (size_t)got;
  }
  return true;
}

bool record_read(struct record *record) {
  if (in_head == in_tail) in_head = in_tail = 0;
  if (!fill(RECORD_HEADER)) return false;
  record->kind = in[in_head];
  record->size = load_u32(in + in_head + 1);
  if (record->size > MAX_RECORD || !fill(RECORD_HEADER + record->size)) return false;
  record->payload = in + in_head + RECORD_HEADER;
  in_head += RECORD_HEADER + record->size;
  return true;
}

bool copy_name_fits(const char *name, size_t length) {
  if (length == 0 || length > MAX_NAME || memchr(name, '/', length) != NULL || memchr(name, 0, length) != NULL) return false;
  return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

bool copy_entry_decode(const struct record *record, struct copy_entry *entry) {
  if (record->size < ENTRY_HEADER) return false;
  const uint8_t *payload = record->payload;
  size_t length = payload[14];
  if (record->size - ENTRY_HEADER < length) return false;
  const char *name = (const char *)payload + ENTRY_HEADER;
  if (length > 0 && !copy_name_fits(name, length)) return false;
  entry->mode = load_u16(payload) & 07777;
  entry->mtime = (struct timespec){.tv_sec = (time_t)load_u64(payload + 2), .tv_nsec = (long)load_u32(payload + 10)};
  memcpy(entry->name, name, length);
  entry->name[length] = 0;
  entry->target = payload + ENTRY_HEADER + length;
  entry->target_length = (uint32_t)(record->size - ENTRY_HEADER - length);
  return entry->mtime.tv_nsec < 1000000000L;
}

void record_flush(void) {
  for (size_t at = 0; at < out_length;) {
    ssize_t wrote = write(STDOUT_FILENO, out + at, out_length - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) _exit(1);
    at += (size_t)wrote;
  }
  out_length = 0;
}

static uint8_t *reserve(size_t size) {
  if (CAPACITY - out_length < RECORD_HEADER + size) record_flush();
  return out + out_length + RECORD_HEADER;
}

static void commit(uint8_t kind, size_t size) {
  out[out_length] = kind;
  store_u32(out + out_length + 1, (uint32_t)size);
  out_length += RECORD_HEADER + size;
}

void record_write(uint8_t kind, const void *payload, size_t size) {
  if (size > MAX_RECORD) size = MAX_RECORD;
  uint8_t *at = reserve(size);
  if (size > 0) memcpy(at, payload, size);
  commit(kind, size);
}

void record_write_number(uint8_t kind, uint64_t value) {
  uint8_t bytes[8];
  store_u64(bytes, value);
  record_write(kind, bytes, sizeof bytes);
}

void record_write_entry(uint8_t kind, const struct stat *about, const char *name, const char *target) {
  size_t length = strlen(name);
  size_t target_length = target == NULL ? 0 : strlen(target);
  if (length > MAX_NAME || target_length > MAX_RECORD - ENTRY_HEADER - MAX_NAME) copy_fail_here(ENAMETOOLONG, "cannot be named");
  uint8_t *at = reserve(ENTRY_HEADER + length + target_length);
  store_u16(at, (uint16_t)(about->st_mode & 07777));
  store_u64(at + 2, (uint64_t)about->st_mtim.tv_sec);
  store_u32(at + 10, (uint32_t)about->st_mtim.tv_nsec);
  at[14] = (uint8_t)length;
  memcpy(at + ENTRY_HEADER, name, length);
  if (target_length > 0) memcpy(at + ENTRY_HEADER + length, target, target_length);
  commit(kind, ENTRY_HEADER + length + target_length);
}

long record_write_from(int fd, size_t limit) {
  if (limit > MAX_RECORD) limit = MAX_RECORD;
  uint8_t *at = reserve(limit);
  ssize_t got = read(fd, at, limit);
  if (got < 0) return -errno;
  if (got > 0) commit(RECORD_DATA, (size_t)got);
  return got;
}

static char path[4096];
static size_t path_length;

size_t copy_path_enter(const char *name) {
  size_t mark = path_length;
  size_t room = sizeof path - path_length;
  bool slash = path_length > 0 && path[path_length - 1] != '/';
  int wrote = snprintf(path + path_length, room, "%s%s", slash ? "/" : "", name);
  path_length += wrote < 0 ? 0 : (size_t)wrote < room ? (size_t)wrote : room - 1;
  return mark;
}

void copy_path_leave(size_t mark) {
  path_length = mark;
  path[mark] = 0;
}

const char *copy_path(void) { return path; }

void (*copy_undo)(void);

static _Noreturn void end(int error, const char *message) {
  if (copy_undo != NULL) copy_undo();
  uint8_t payload[4 + sizeof path + 256];
  size_t length = strlen(message);
  store_u32(payload, (uint32_t)error);
  memcpy(payload + 4, message, length);
  record_write(RECORD_FAILED, payload, 4 + length);
  record_flush();
  _exit(1);
}

_Noreturn void copy_fail(int error, const char *format, ...) {
  char message[sizeof path + 256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  end(error, message);
}

_Noreturn void copy_fail_here(int error, const char *what) { copy_fail(error, "%s: %s: %s", path, what, strerror(error)); }

_Noreturn void copy_done(void) {
  record_write(RECORD_DONE, NULL, 0);
  record_flush();
  _exit(0);
}
