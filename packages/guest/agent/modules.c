#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "console.h"

static void load(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/modules/%s", name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
    console_log("module %s: %s", name, strerror(errno));
  if (fd >= 0) close(fd);
  /* The initramfs lives in memory for ever otherwise. */
  unlink(path);
}

void modules_load(void) {
  FILE *order = fopen("/modules/order", "re");
  if (order == NULL) {
    console_log("/modules/order: %s", strerror(errno));
    return;
  }
  char line[200];
  while (fgets(line, sizeof line, order) != NULL) {
    line[strcspn(line, "\n")] = 0;
    if (line[0] != 0) load(line);
  }
  fclose(order);
  unlink("/modules/order");
}
