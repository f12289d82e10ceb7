#include "devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "root-disk.h"

#define NETLINK_KOBJECT_UEVENT 15
#define PORTS "/sys/class/virtio-ports"

struct netlink_address {
  sa_family_t family;
  unsigned short padding;
  uint32_t port;
  uint32_t groups;
};

static int announcements = -1;

int devices_announcements(void) {
  struct netlink_address address = {.family = AF_NETLINK, .groups = 1};
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  if (fd < 0) return -errno;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

int devices_listen(void) {
  announcements = devices_announcements();
  return announcements < 0 ? announcements : 0;
}

void devices_stop_listening(void) {
  if (announcements >= 0) close(announcements);
  announcements = -1;
}

static long milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

int devices_wait(int (*probe)(void *argument), void *argument, int seconds) {
  long deadline = milliseconds_now() + seconds * 1000L;
  char message[4096];
  while (!probe(argument)) {
    long left = deadline - milliseconds_now();
    if (left <= 0) return -ETIMEDOUT;
    struct pollfd ready = {.fd = announcements, .events = POLLIN};
    poll(&ready, 1, (int)left);
    /* An overrun loses announcements, not devices: the probe looks at what is there. */
    while (recv(announcements, message, sizeof message, 0) >= 0 || errno == ENOBUFS) continue;
  }
  return 0;
}

int devices_disk_exists(void *argument) {
  (void)argument;
  return access(ROOT_DISK, F_OK) == 0;
}

static int has_name(const char *port, const char *name) {
  char path[300];
  char line[128];
  snprintf(path, sizeof path, PORTS "/%s/name", port);
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  int found = fgets(line, sizeof line, file) != NULL && (line[strcspn(line, "\n")] = 0, strcmp(line, name) == 0);
  fclose(file);
  return found;
}

int devices_port_exists(void *argument) {
  struct port_search *search = argument;
  DIR *ports = opendir(PORTS);
  if (ports == NULL) return 0;
  int found = 0;
  struct dirent *entry;
  while (!found && (entry = readdir(ports)) != NULL) {
    if (entry->d_name[0] == '.' || !has_name(entry->d_name, search->name)) continue;
    snprintf(search->path, sizeof search->path, "/dev/%.50s", entry->d_name);
    found = access(search->path, F_OK) == 0;
  }
  closedir(ports);
  return found;
}
