#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "mounts.h"
#include "network.h"
#include "root-disk.h"

#define RNDADDENTROPY _IOW('R', 0x03, int[2])
#define RNDRESEEDCRNG _IO('R', 0x07)

#define HOSTS_BEGIN "# nook: begin\n"
#define HOSTS_END "# nook: end\n"
#define MAX_HOSTS 65536

static int set_time(const struct configuration *configuration) {
  if (!configuration->has_time) return 0;
  struct timespec now = {.tv_sec = (time_t)(configuration->time / 1000000000u), .tv_nsec = (long)(configuration->time % 1000000000u)};
  return clock_settime(CLOCK_REALTIME, &now) < 0 ? -errno : 0;
}

static int add_entropy(const struct configuration *configuration) {
  if (configuration->entropy_length == 0) return 0;
  struct {
    int bits;
    int size;
    uint8_t bytes[MAX_ENTROPY];
  } pool = {.bits = (int)configuration->entropy_length * 8, .size = (int)configuration->entropy_length};
  memcpy(pool.bytes, configuration->entropy, configuration->entropy_length);
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int error = ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0 ? -errno : 0;
  close(fd);
  memset(&pool, 0, sizeof pool);
  return error;
}

/* A remount of what is writable already would write everything back first. */
static int make_root_writable(const struct configuration *configuration) {
  (void)configuration;
  struct statvfs about;
  if (statvfs("/", &about) < 0) return -errno;
  if ((about.f_flag & ST_RDONLY) != 0) {
    if (mount(NULL, "/", NULL, MS_REMOUNT, NULL) < 0) return -errno;
    mkdir("/etc", 0755);
  }
  root_grow();
  return mounts_complete(true);
}

static int set_hostname(const struct configuration *configuration) {
  if (configuration->hostname[0] == 0) return 0;
  if (sethostname(configuration->hostname, strlen(configuration->hostname)) < 0) return -errno;
  char line[sizeof configuration->hostname + 1];
  snprintf(line, sizeof line, "%s\n", configuration->hostname);
  /* Not being able to write it down changes nothing for this boot. */
  file_replace("/etc/hostname", line);
  return 0;
}

static int set_machine_id(const struct configuration *configuration) {
  if (configuration->machine_id[0] == 0) return 0;
  char line[sizeof configuration->machine_id + 1];
  snprintf(line, sizeof line, "%s\n", configuration->machine_id);
  int error = file_replace("/etc/machine-id", line);
  struct stat about;
  static const char second[] = "/var/lib/dbus/machine-id";
  if (error == 0 && lstat(second, &about) == 0 && S_ISREG(about.st_mode)) error = file_replace(second, line);
  return error;
}

static int write_resolver(const struct configuration *configuration) {
  if (configuration->nameserver_count == 0 && configuration->search[0] == 0) return 0;
  char text[1024];
  int length = 0;
  if (configuration->search[0] != 0) length = snprintf(text, sizeof text, "search %s\n", configuration->search);
  for (size_t i = 0; i < configuration->nameserver_count; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "nameserver %s\n", configuration->nameservers[i]);
  return file_replace("/etc/resolv.conf", text);
}

/* Our block in the text, with its end; NULL when there is none. */
static char *find_block(char *text, char **end) {
  char *begin = strstr(text, HOSTS_BEGIN);
  char *mark = begin == NULL ? NULL : strstr(begin, HOSTS_END);
  if (mark == NULL) return NULL;
  *end = mark + strlen(HOSTS_END);
  return begin;
}

static int write_hosts(const struct configuration *configuration) {
  if (configuration->hostname[0] == 0) return 0;
  char block[512];
  snprintf(block, sizeof block,
           HOSTS_BEGIN "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 %s\n" HOSTS_END,
           configuration->hostname);
  static char present[MAX_HOSTS];
  static char text[MAX_HOSTS];
  long length = file_read("/etc/hosts", present, sizeof present);
  int error = 0;
  if (length < 0) {
    error = file_replace("/etc/hosts", block);
  } else if (length < MAX_HOSTS - 1 - (long)sizeof block) {
    char *end = present + length;
    char *begin = find_block(present, &end);
    if (begin == NULL) begin = end;
    const char *line_end = begin > present && begin[-1] != '\n' ? "\n" : "";
    snprintf(text, sizeof text, "%.*s%s%s%s", (int)(begin - present), present, line_end, block, end);
    error = file_replace("/etc/hosts", text);
  }
  return error;
}

int identity_apply(const struct configuration *configuration, char *why, size_t size) {
  static const struct {
    const char *name;
    int (*run)(const struct configuration *configuration);
  } steps[] = {
      {"clock", set_time},
      {"writable root", make_root_writable},
      {"entropy", add_entropy},
      {"hostname", set_hostname},
      {"machine id", set_machine_id},
      {"/etc/resolv.conf", write_resolver},
      {"/etc/hosts", write_hosts},
  };
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    int error = steps[i].run(configuration);
    if (error == 0) continue;
    snprintf(why, size, "%s: %s", steps[i].name, strerror(-error));
    return error;
  }
  const char *step;
  int error = network_apply(configuration, &step);
  if (error < 0) snprintf(why, size, "%s: %s", step, strerror(-error));
  return error;
}
