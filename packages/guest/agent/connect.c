#include "connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 65536u

static int open_socket(const struct sockaddr *address, socklen_t size) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (connect(fd, address, size) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

/* What listens on IPv6 alone is reached there; the first answer counts where neither does. */
static int reach(uint16_t port) {
  const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = open_socket((const struct sockaddr *)(const void *)&four, sizeof four);
  if (fd >= 0) return fd;
  int other = open_socket((const struct sockaddr *)(const void *)&six, sizeof six);
  return other >= 0 ? other : fd;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno != EINTR) return false;
    if (written < 0) continue;
    bytes += written;
    length -= (size_t)written;
  }
  return true;
}

/* Not splice(2): it holds the pipe's lock while it waits for the socket, and the agent's end would wait for that lock. */
static bool pump(int from, int to) {
  static uint8_t bytes[AT_ONCE];
  for (;;) {
    ssize_t got = read(from, bytes, sizeof bytes);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0 && !write_all(to, bytes, (size_t)got)) return false;
  }
}

/* What the host sends goes its own way, so that neither direction waits for the other. */
static _Noreturn void send_all(int fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  close(STDOUT_FILENO);
  pump(STDIN_FILENO, fd);
  shutdown(fd, SHUT_WR);
  _exit(0);
}

_Noreturn void connect_run(uint16_t port) {
  int fd = reach(port);
  if (fd < 0) {
    dprintf(STDERR_FILENO, "port %u: %s\n", port, strerror(-fd));
    _exit(1);
  }
  const int now = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
  pid_t parent = getpid();
  pid_t sender = fork();
  if (sender == 0) send_all(fd, parent);
  if (sender < 0) {
    dprintf(STDERR_FILENO, "port %u: %s\n", port, strerror(errno));
    _exit(1);
  }
  bool whole = pump(fd, STDOUT_FILENO);
  kill(sender, SIGKILL);
  _exit(whole ? 0 : 1);
}
