#include "stats.h"

#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "frames.h"

#define TICK_NS 10000000u /* USER_HZ is 100 */
#define SECTOR 512u

enum {
  TAG_UPTIME = 1,
  TAG_CPU_BUSY,
  TAG_CPU_IDLE,
  TAG_CPUS,
  TAG_MEMORY_TOTAL,
  TAG_MEMORY_AVAILABLE,
  TAG_SWAP_TOTAL,
  TAG_SWAP_FREE,
  TAG_TASKS,
  TAG_LOAD,
  TAG_RECEIVED_BYTES,
  TAG_SENT_BYTES,
  TAG_DISK_READ_BYTES,
  TAG_DISK_WRITTEN_BYTES,
  TAG_ROOT_TOTAL,
  TAG_ROOT_AVAILABLE,
};

typedef unsigned long long number;

static struct payload answer;
static char text[65536];

static void put(uint16_t tag, number value) { payload_u64(&answer, tag, value); }

static bool load(const char *path) { return file_read_proc(path, text, sizeof text) >= 0; }

/* The next line of `text` from `*at` on, ended by NUL; NULL after the last. */
static char *next_line(char **at) {
  char *line = *at;
  if (*line == 0) return NULL;
  char *end = line + strcspn(line, "\n");
  *at = *end == 0 ? end : end + 1;
  *end = 0;
  return line;
}

static void put_cpu(void) {
  number user, nice, system, idle, wait, irq, softirq, steal;
  number cpus = 0;
  char *at = text;
  char *line = load("/proc/stat") ? next_line(&at) : NULL;
  if (line == NULL) return;
  if (sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &softirq, &steal) != 8) return;
  while ((line = next_line(&at)) != NULL && strncmp(line, "cpu", 3) == 0) cpus++;
  put(TAG_CPU_BUSY, (user + nice + system + irq + softirq + steal) * TICK_NS);
  put(TAG_CPU_IDLE, (idle + wait) * TICK_NS);
  put(TAG_CPUS, cpus);
}

static void put_memory(void) {
  static const struct {
    const char *name;
    uint16_t tag;
  } wanted[] = {{"MemTotal:", TAG_MEMORY_TOTAL}, {"MemAvailable:", TAG_MEMORY_AVAILABLE}, {"SwapTotal:", TAG_SWAP_TOTAL}, {"SwapFree:", TAG_SWAP_FREE}};
  if (!load("/proc/meminfo")) return;
  char *at = text;
  for (char *line; (line = next_line(&at)) != NULL;) {
    char name[32];
    number kilobytes;
    if (sscanf(line, "%31s %llu kB", name, &kilobytes) != 2) continue;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
      if (strcmp(name, wanted[i].name) == 0) put(wanted[i].tag, kilobytes * 1024);
  }
}

static void put_load(void) {
  unsigned whole, hundredths, tasks;
  if (!load("/proc/loadavg") || sscanf(text, "%u.%2u %*s %*s %*u/%u", &whole, &hundredths, &tasks) != 3) return;
  put(TAG_TASKS, tasks);
  put(TAG_LOAD, (number)whole * 100 + hundredths);
}

static void put_network(void) {
  number received = 0, sent = 0;
  if (!load("/proc/net/dev")) return;
  char *at = text;
  for (char *line; (line = next_line(&at)) != NULL;) {
    char name[32];
    number in, out;
    if (sscanf(line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &in, &out) != 3 || strcmp(name, "lo") == 0) continue;
    received += in;
    sent += out;
  }
  put(TAG_RECEIVED_BYTES, received);
  put(TAG_SENT_BYTES, sent);
}

/* Whole virtio disks: vda, not vda1. */
static void put_disk(void) {
  number read = 0, written = 0;
  if (!load("/proc/diskstats")) return;
  char *at = text;
  for (char *line; (line = next_line(&at)) != NULL;) {
    char name[32];
    number in, out;
    if (sscanf(line, " %*u %*u %31s %*u %*u %llu %*u %*u %*u %llu", name, &in, &out) != 3) continue;
    if (strncmp(name, "vd", 2) != 0 || strpbrk(name, "0123456789") != NULL) continue;
    read += in * SECTOR;
    written += out * SECTOR;
  }
  put(TAG_DISK_READ_BYTES, read);
  put(TAG_DISK_WRITTEN_BYTES, written);
}

static void put_root(void) {
  struct statfs about;
  if (statfs("/", &about) < 0) return;
  put(TAG_ROOT_TOTAL, (number)about.f_blocks * (number)about.f_bsize);
  put(TAG_ROOT_AVAILABLE, (number)about.f_bavail * (number)about.f_bsize);
}

_Noreturn void stats_report(void) {
  struct timespec up;
  if (clock_gettime(CLOCK_BOOTTIME, &up) == 0) put(TAG_UPTIME, (number)up.tv_sec * 1000000000u + (number)up.tv_nsec);
  put_cpu();
  put_memory();
  put_load();
  put_network();
  put_disk();
  put_root();
  /* A pipe takes so little at once. */
  _exit(write(STDOUT_FILENO, answer.bytes, answer.length) == (ssize_t)answer.length ? 0 : 1);
}
