/* Maps a file privately, writes to two of its pages, empties a third and reads a fourth, says where, and stands still. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct stat about;
  char rest;
  int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
  if (fd < 0 || fstat(fd, &about) < 0) return 1;
  volatile char *memory = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (memory == MAP_FAILED) return 1;
  memcpy((char *)memory + 3 * 4096, "three", 5);
  memcpy((char *)memory + 9 * 4096 + 1, "nine", 4);
  memset((char *)memory + 12 * 4096, 0, 4096);
  (void)memory[5 * 4096];
  printf("%lu\n", (unsigned long)memory);
  fflush(stdout);
  return read(0, &rest, 1) == 0 ? 0 : 1;
}
