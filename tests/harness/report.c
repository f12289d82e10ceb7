// Prints what a command finds itself in: arguments, variables, directory, user, host name, what its own libc makes of the
// host's name, and the files that names come from. It needs nothing of the system that it runs on but its libc.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void file(const char *path) {
  FILE *from = fopen(path, "r");
  if (from == NULL) printf("%s: none\n", path);
  for (char line[512]; from != NULL && fgets(line, sizeof line, from) != NULL;) printf("%s: %s", path, line);
}

static void address_of(const char *name) {
  struct addrinfo *found;
  struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  char text[INET_ADDRSTRLEN] = "unknown";
  if (getaddrinfo(name, NULL, &wanted, &found) == 0)
    inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text, sizeof text);
  printf("address of %s: %s\n", name, text);
}

int main(int argc, char **argv) {
  char name[256], directory[4096];
  for (int i = 1; i < argc; i++) printf("argument: %s\n", argv[i]);
  const char *mode = getenv("MODE");
  printf("MODE: %s\n", mode == NULL ? "none" : mode);
  printf("directory: %s\n", getcwd(directory, sizeof directory) == NULL ? "none" : directory);
  printf("user: %u:%u\n", getuid(), getgid());
  printf("host name: %s\n", gethostname(name, sizeof name) == 0 ? name : "none");
  address_of(name);
  address_of("localhost");
  file("/etc/hostname");
  file("/etc/hosts");
  file("/etc/resolv.conf");
  return 7;
}
