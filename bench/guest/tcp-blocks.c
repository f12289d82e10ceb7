/* Moves bytes in blocks of 64 KiB, where the programs of a small guest take 1 KiB at a time.
   tcp-blocks send ADDRESS PORT MIB: until the other side has it all.
   tcp-blocks serve PORT MIB: to each who connects, one after the other.
   tcp-blocks sink PORT: takes in what each who connects sends, one after the other. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char block[64 * 1024];

static struct sockaddr_in place(const char *address, const char *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  inet_pton(AF_INET, address, &at.sin_addr);
  return at;
}

static int send_blocks(int fd, const char *mib) {
  for (long left = atol(mib) * 1024 * 1024; left > 0;) {
    ssize_t sent = send(fd, block, left < (long)sizeof block ? left : sizeof block, MSG_NOSIGNAL);
    if (sent < 0) return 1;
    left -= sent;
  }
  return shutdown(fd, SHUT_WR);
}

static int read_all(int fd) {
  ssize_t got;
  while ((got = read(fd, block, sizeof block)) > 0) {
  }
  return got < 0;
}

static int listen_at(const char *port) {
  struct sockaddr_in at = place("0.0.0.0", port);
  int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  return bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 8) ? -1 : fd;
}

int main(int argc, char **argv) {
  if (argc == 5 && !strcmp(argv[1], "send")) {
    struct sockaddr_in at = place(argv[2], argv[3]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&at, sizeof at) || send_blocks(fd, argv[4]) || read_all(fd);
  }
  int serves = argc == 4 && !strcmp(argv[1], "serve");
  if (!serves && !(argc == 3 && !strcmp(argv[1], "sink"))) return 2;
  int listener = listen_at(argv[2]);
  if (listener < 0) return 1;
  for (;;) {
    int fd = accept(listener, 0, 0);
    if (fd < 0) return 1;
    if (serves) send_blocks(fd, argv[3]);
    read_all(fd);
    close(fd);
  }
}
