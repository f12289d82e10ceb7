/* PID 1 of the guest: from the initramfs to the root disk, then the agent for ever. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "devices.h"
#include "files.h"
#include "handover.h"
#include "machine.h"
#include "modules.h"
#include "mounts.h"
#include "root-disk.h"
#include "serve.h"

#define PORT_NAME "nook.agent.0"
#define DEVICE_SECONDS 10

static _Noreturn void give_up(const char *what, int error) {
  console_log("fatal: %s: %s", what, strerror(-error));
  machine_off();
}

/* The kernel opened /dev/console for us, unless it could not. */
static void open_console(void) {
  if (fcntl(STDERR_FILENO, F_GETFD) >= 0) return;
  mkdir("/dev", 0755);
  mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
  int fd = open("/dev/console", O_RDWR | O_NOCTTY);
  /* Anything but free: what is opened later must not get one of these numbers. */
  if (fd < 0) fd = open("/", O_RDONLY | O_DIRECTORY);
  for (int target = 0; target < 3 && fd >= 0; target++) dup2(fd, target);
  if (fd > 2) close(fd);
}

static bool has_word(const char *line, const char *word) {
  size_t length = strlen(word);
  for (const char *at = line; (at = strstr(at, word)) != NULL; at += length) {
    bool begins = at == line || at[-1] == ' ';
    if (begins && (at[length] == 0 || at[length] == ' ' || at[length] == '\n')) return true;
  }
  return false;
}

/* Used to see whether an accelerator really runs a guest. */
static void answer_probe(void) {
  char line[4096];
  if (file_read_proc("/proc/cmdline", line, sizeof line) < 0 || !has_word(line, "nook.probe")) return;
  static const char answer[] = "NOOK-PROBE-OK\n";
  ssize_t ignored = write(STDERR_FILENO, answer, sizeof answer - 1);
  (void)ignored;
  machine_off();
}

static void mount_root(void) {
  int error = devices_wait(devices_disk_exists, NULL, DEVICE_SECONDS);
  if (error < 0) give_up("no " ROOT_DISK " (is the disk attached, its driver loaded?)", error);
  mkdir("/root", 0755);
  error = root_mount("/root");
  if (error < 0) give_up("cannot mount " ROOT_DISK " as ext4", error);
}

static int open_port(void) {
  struct port_search search = {.name = PORT_NAME};
  int error = devices_wait(devices_port_exists, &search, DEVICE_SECONDS);
  if (error < 0) give_up("no virtio port " PORT_NAME, error);
  int fd = open(search.path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) give_up("cannot open the virtio port " PORT_NAME, -errno);
  return fd;
}

int main(int argc, char **argv) {
  if (getpid() != 1) return 64;
  open_console();
  console_log("init %s", NOOK_BUILD_ID);
  umask(022);
  files_below("");
  handover_name_at(argc > 0 ? argv[0] : NULL);
  reboot(RB_DISABLE_CAD);
  if (mounts_initial() < 0) machine_off();
  answer_probe();

  int error = devices_listen();
  if (error < 0) give_up("cannot listen for devices", error);
  modules_load();
  mount_root();
  int port = open_port();
  devices_stop_listening();

  unlink("/init");
  error = mounts_switch_root();
  if (error < 0) give_up("cannot switch to the root disk", error);
  mounts_complete(false);
  /* Older kernels end all that share the memory of what dumps core, and a child may until it is its command. */
  prctl(PR_SET_DUMPABLE, 0);
  error = serve_prepare();
  if (error == 0) error = serve_open(port, true);
  if (error < 0) give_up("the agent cannot start", error);
  console_log("ready");
  serve_run();
  give_up("the virtio port " PORT_NAME " is gone", -ENODEV);
}
