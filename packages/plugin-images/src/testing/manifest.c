// Prints what a tree is made of, one line an inode's name: path, type, mode, owners, device, size, time, links, content or
// target, extended attributes. It needs nothing of the system that it runs on. Usage: manifest DIRECTORY
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

// The first 32 bits of the fractions of the cube roots of the first 64 primes, and of the square roots of eight.
static uint32_t k[64], first[8];

static uint32_t fraction(int prime, int cube) {
  // Newton in 128 bits would do as well; a search is shorter.
  unsigned __int128 low = 0, high = (unsigned __int128)1 << 37;
  while (high - low > 1) {
    unsigned __int128 middle = (low + high) / 2;
    unsigned __int128 power = cube ? middle * middle * middle : middle * middle;
    unsigned __int128 limit = (unsigned __int128)prime << (cube ? 96 : 64);
    if (power <= limit) low = middle; else high = middle;
  }
  return (uint32_t)low;
}

static void constants(void) {
  int count = 0;
  for (int n = 2; count < 64; n++) {
    int prime = 1;
    for (int d = 2; d * d <= n; d++) if (n % d == 0) prime = 0;
    if (!prime) continue;
    if (count < 8) first[count] = fraction(n, 0);
    k[count++] = fraction(n, 1);
  }
}

static void block(uint32_t *h, const unsigned char *p) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(v, h, 32);
  for (int i = 0; i < 64; i++) {
    uint32_t t = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t u = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 28);
    v[4] += t;
    v[0] = t + u;
  }
  for (int i = 0; i < 8; i++) h[i] += v[i];
}

static void digest(int dir, const char *name) {
  static unsigned char buffer[65536 + 128];
  uint32_t h[8];
  uint64_t total = 0;
  size_t used = 0;
  int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
  if (fd < 0) { printf(" unreadable"); return; }
  memcpy(h, first, 32);
  for (ssize_t got; (got = read(fd, buffer + used, 65536 - used)) > 0;) {
    used += got;
    total += got;
    size_t done = 0;
    for (; done + 64 <= used; done += 64) block(h, buffer + done);
    memmove(buffer, buffer + done, used - done);
    used -= done;
  }
  close(fd);
  buffer[used++] = 0x80;
  while (used % 64 != 56) buffer[used++] = 0;
  for (int i = 7; i >= 0; i--) buffer[used++] = total * 8 >> 8 * i;
  for (size_t done = 0; done < used; done += 64) block(h, buffer + done);
  printf(" ");
  for (int i = 0; i < 8; i++) printf("%08x", h[i]);
}

static void text(const char *s) {
  for (; *s; s++) {
    if (*s > ' ' && *s < 127 && *s != '\\') putchar(*s);
    else printf("\\%02x", (unsigned char)*s);
  }
}

static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

// The directory must be the current one: names may be longer than any path that the kernel takes.
static void attributes(const char *name) {
  char list[65536], value[65536], *names[512];
  ssize_t length = llistxattr(name, list, sizeof list);
  int count = 0;
  for (char *p = list; length > 0 && p < list + length && count < 512; p += strlen(p) + 1) names[count++] = p;
  qsort(names, count, sizeof *names, by_name);
  for (int i = 0; i < count; i++) {
    ssize_t size = lgetxattr(name, names[i], value, sizeof value);
    printf(" ");
    text(names[i]);
    printf("=");
    for (ssize_t j = 0; j < size; j++) printf("%02x", (unsigned char)value[j]);
  }
}

static void one(const char *path, const char *name) {
  struct stat s;
  if (lstat(name, &s) != 0) { printf("lost %s\n", path); return; }
  const char *types = "?pc?d?b?f?l?s???";
  text(path);
  printf(" %c %04o %u:%u", types[s.st_mode >> 12 & 15], s.st_mode & 07777, s.st_uid, s.st_gid);
  int device = S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode);
  printf(" %u,%u", device ? major(s.st_rdev) : 0, device ? minor(s.st_rdev) : 0);
  printf(" %lld", S_ISDIR(s.st_mode) ? 0LL : (long long)s.st_size);
  printf(" %lld.%09ld", (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
  printf(" %d", S_ISDIR(s.st_mode) ? 0 : (int)s.st_nlink);
  if (S_ISREG(s.st_mode)) digest(AT_FDCWD, name);
  if (S_ISLNK(s.st_mode)) {
    char target[4097];
    ssize_t size = readlink(name, target, 4096);
    target[size < 0 ? 0 : size] = 0;
    printf(" ");
    text(target);
  }
  attributes(name);
  printf("\n");
}

static void walk(const char *path) {
  struct dirent **found;
  int count = scandir(".", &found, 0, alphasort);
  for (int i = 0; i < count; i++) {
    const char *name = found[i]->d_name;
    struct stat s;
    if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
    char *below;
    if (asprintf(&below, "%s/%s", path, name) < 0) exit(1);
    one(below, name);
    int here = open(".", O_RDONLY | O_DIRECTORY);
    if (lstat(name, &s) == 0 && S_ISDIR(s.st_mode) && chdir(name) == 0) {
      walk(below);
      if (fchdir(here) != 0) exit(1);
    }
    close(here);
    free(below);
  }
}

int main(int argc, char **argv) {
  constants();
  if (argc != 2 || chdir(argv[1]) != 0) return 2;
  one("/", ".");
  walk("");
  return 0;
}
