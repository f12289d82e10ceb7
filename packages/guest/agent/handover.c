#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "console.h"
#include "image-init.h"
#include "serve.h"
#include "session.h"
#include "watch.h"

#define CGROUP "/sys/fs/cgroup/nook"
#define SYSTEMD "/run/systemd"
#define SYSTEMD_SOCKET SYSTEMD "/private"
/* SIGRTMIN+4 as systemd counts it, with glibc's SIGRTMIN: it starts poweroff.target. musl's SIGRTMIN is another. */
#define SYSTEMD_POWER_OFF (34 + 4)

static bool beside;
static struct image_init init;
static char *title;
static struct watch arrival = {.fd = -1};
static void (*answer)(int error, const char *why);

void handover_name_at(char *name) { title = name; }

bool handover_is_done(void) { return beside; }

/* systemd takes a program's word as soon as its socket is there; of other inits nothing is known. */
static bool can_be_used(void) { return !init.systemd || access(SYSTEMD_SOCKET, F_OK) == 0; }

static void on_arrival(struct watch *watch, uint32_t events) {
  (void)events;
  char names[4096];
  while (read(watch->fd, names, sizeof names) > 0) continue;
  if (!can_be_used()) return;
  watch_close(watch);
  answer(0, NULL);
}

static int await_socket(void) {
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return -errno;
  arrival = (struct watch){.fd = fd, .ready = on_arrival};
  if (inotify_add_watch(fd, SYSTEMD, IN_CREATE | IN_MOVED_TO) < 0) return -errno;
  return watch_add(&arrival, EPOLLIN);
}

/* A group of its own, which no unit is: what the init does to its units leaves the agent and its commands alone. */
static int open_own_cgroup(void) {
  mkdir(CGROUP, 0755);
  return open(CGROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);
}

static void step_aside(int cgroup) {
  beside = true;
  if (cgroup >= 0 && write(cgroup, "0", 1) < 0) console_log("no cgroup of its own: %s", strerror(errno));
  if (cgroup >= 0) close(cgroup);
  setsid();
  /* systemd spares what begins with an @ when it ends all processes, so that the host is answered until the end. */
  if (title != NULL && strlen(title) == 5) memcpy(title, "@nook", 5);
  prctl(PR_SET_NAME, "nook-agent");
  child_ignore_signal(SIGHUP);
  child_spare_agent();
}

/* The agent's part after the fork: 0 when PID 1 is the init. */
static int follow(int status, int cgroup) {
  step_aside(cgroup);
  int error = serve_again();
  if (error == 0 && init.systemd) error = await_socket();
  int failure = 0;
  if (read(status, &failure, sizeof failure) == (ssize_t)sizeof failure) error = failure;
  close(status);
  return error;
}

static _Noreturn void lead(int status) {
  int error = image_init_run(&init);
  ssize_t ignored = write(status, &error, sizeof error);
  (void)ignored;
  /* The agent says it to the host, which ends the machine; without PID 1 the kernel would do so before. */
  while (1) pause();
}

int handover_begin(void (*done)(int error, const char *why), char *why, size_t size) {
  if (beside) return 0;
  const char *problem = NULL;
  int error = 0;
  int ends[2];
  if (!image_init_find(&init)) {
    error = -ENOENT;
    problem = "the image has no init of its own (/sbin/init)";
  } else if (sessions_count() > 0) {
    error = -EBUSY;
    problem = "commands run already";
  } else if (pipe2(ends, O_CLOEXEC) < 0) {
    error = -errno;
  } else {
    answer = done;
    int cgroup = open_own_cgroup();
    image_init_prepare(&init);
    pid_t child = fork();
    if (child > 0) lead(ends[1]);
    error = child < 0 ? -errno : 0;
    close(ends[1]);
    if (child == 0) error = follow(ends[0], cgroup);
  }
  if (error == 0) return can_be_used() ? (watch_close(&arrival), 0) : 1;
  snprintf(why, size, "%s", problem == NULL ? strerror(-error) : problem);
  return error;
}

static bool run_power_off(void) {
  static char paths[][24] = {"/sbin/poweroff", "/usr/sbin/poweroff", "/bin/poweroff"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    if (access(paths[i], X_OK) < 0) continue;
    pid_t child = fork();
    if (child != 0) return child > 0;
    child_reset();
    execv(paths[i], (char *[]){paths[i], NULL});
    _exit(127);
  }
  return false;
}

bool handover_power_off(void) {
  if (!beside) return false;
  return init.systemd ? kill(1, SYSTEMD_POWER_OFF) == 0 : run_power_off();
}
