#include "listeners.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "frames.h"

#define MAX_LISTENERS 512
#define TCP_LISTENING 0x0a
#define UDP_UNCONNECTED 0x07
#define MAX_COMM 16

enum { TAG_LISTENER = 1, TAG_MORE };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

struct listener {
  uint8_t protocol;
  uint8_t address_length; /* 4 or 16 */
  uint16_t port;
  uint32_t uid;
  uint32_t pid;
  unsigned long inode;
  uint8_t address[16]; /* in network order */
  char command[MAX_COMM];
};

static struct listener listeners[MAX_LISTENERS];
static size_t count;
static uint32_t more;

/* The kernel prints addresses as 32-bit numbers of this machine's byte order. */
static bool parse_address(const char *hex, struct listener *listener) {
  size_t length = strlen(hex);
  if (length != 8 && length != 32) return false;
  listener->address_length = (uint8_t)(length / 2);
  for (size_t word = 0; word < length / 8; word++) {
    char digits[9];
    memcpy(digits, hex + word * 8, 8);
    digits[8] = 0;
    uint32_t value = (uint32_t)strtoul(digits, NULL, 16);
    memcpy(listener->address + word * 4, &value, 4);
  }
  return true;
}

static void take_line(const char *line, uint8_t protocol) {
  char address[33];
  unsigned port, state, uid;
  unsigned long inode;
  if (sscanf(line, " %*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %u %*d %lu", address, &port, &state, &uid, &inode) != 5) return;
  if (state != (protocol == PROTOCOL_TCP ? TCP_LISTENING : UDP_UNCONNECTED)) return;
  struct listener listener = {.protocol = protocol, .port = (uint16_t)port, .uid = uid, .inode = inode};
  if (!parse_address(address, &listener)) return;
  if (count == MAX_LISTENERS)
    more++;
  else
    listeners[count++] = listener;
}

static void read_table(const char *path, uint8_t protocol) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return;
  char line[512];
  while (fgets(line, sizeof line, file) != NULL) take_line(line, protocol);
  fclose(file);
}

static void note_owner(unsigned long inode, uint32_t pid) {
  for (size_t i = 0; i < count; i++) {
    if (listeners[i].inode != inode || listeners[i].pid != 0) continue;
    char path[64];
    listeners[i].pid = pid;
    snprintf(path, sizeof path, "/proc/%u/comm", pid);
    if (file_read_proc(path, listeners[i].command, sizeof listeners[i].command) > 0)
      listeners[i].command[strcspn(listeners[i].command, "\n")] = 0;
  }
}

static void look_at_process(uint32_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%u/fd", pid);
  DIR *directory = opendir(path);
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char target[64];
    ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
    if (length <= 0) continue;
    target[length] = 0;
    unsigned long inode;
    if (sscanf(target, "socket:[%lu]", &inode) == 1) note_owner(inode, pid);
  }
  closedir(directory);
}

static void find_owners(void) {
  DIR *directory = count == 0 ? NULL : opendir("/proc");
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char *end;
    unsigned long pid = strtoul(entry->d_name, &end, 10);
    if (*end == 0 && pid > 0) look_at_process((uint32_t)pid);
  }
  closedir(directory);
}

static bool put(const struct payload *payload) {
  return write(STDOUT_FILENO, payload->bytes, payload->length) == (ssize_t)payload->length;
}

static bool put_listener(const struct listener *listener) {
  uint8_t value[12 + sizeof listener->address + MAX_COMM];
  size_t length = 12;
  value[0] = listener->protocol;
  value[1] = listener->address_length;
  store_u16(value + 2, listener->port);
  store_u32(value + 4, listener->uid);
  store_u32(value + 8, listener->pid);
  memcpy(value + length, listener->address, listener->address_length);
  length += listener->address_length;
  memcpy(value + length, listener->command, strlen(listener->command));
  length += strlen(listener->command);
  struct payload payload = {0};
  payload_bytes(&payload, TAG_LISTENER, value, length);
  return put(&payload);
}

_Noreturn void listeners_report(void) {
  read_table("/proc/net/tcp", PROTOCOL_TCP);
  read_table("/proc/net/tcp6", PROTOCOL_TCP);
  read_table("/proc/net/udp", PROTOCOL_UDP);
  read_table("/proc/net/udp6", PROTOCOL_UDP);
  find_owners();
  for (size_t i = 0; i < count; i++)
    if (!put_listener(&listeners[i])) _exit(1);
  struct payload payload = {0};
  payload_u32(&payload, TAG_MORE, more);
  _exit(put(&payload) ? 0 : 1);
}
