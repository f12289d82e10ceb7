#include "serve.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child-memory.h"
#include "child.h"
#include "dispatch.h"
#include "drain.h"
#include "handover.h"
#include "port.h"
#include "power.h"
#include "root-growth.h"
#include "session.h"
#include "watch.h"

#define GRACE_OF_SIGNALS 5000

static struct watch signals = {.fd = -1};
static bool alone;

static void reap(void) {
  int wait_status;
  pid_t pid;
  while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
    child_memory_left(pid);
    sessions_reaped(pid, wait_status);
  }
  alone = pid < 0 && errno == ECHILD;
}

static void on_signal(struct watch *watch, uint32_t events) {
  (void)events;
  struct signalfd_siginfo info;
  while (read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo != SIGCHLD && !handover_is_done()) power_off_after(GRACE_OF_SIGNALS);
  }
  reap();
}

static int watch_signals(void) {
  /* SIGCHLD, and what `poweroff`, `halt` and `reboot` of small images send to PID 1. */
  sigset_t set;
  sigemptyset(&set);
  const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGPWR, SIGUSR1, SIGUSR2};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signals = (struct watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signal};
  return signals.fd < 0 ? -errno : watch_add(&signals, EPOLLIN);
}

int serve_prepare(void) {
  int error = watch_open();
  if (error < 0) return error;
  child_save_limits();
  /*
   * Not to run at once when a command writes a line, but when it waits or its turn is over: many lines then go out
   * together.
   */
  syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &(struct sched_param){0});
  umask(022);
  child_begin_signals();
  child_ignore_signal(SIGPIPE);
  return watch_signals();
}

int serve_again(void) {
  drain_close_all();
  close(signals.fd);
  int error = watch_open();
  if (error == 0) error = watch_signals();
  return error == 0 ? port_watch_again() : error;
}

int serve_open(int fd, bool reconnects) {
  int error = port_open(fd, reconnects);
  if (error == 0) dispatch_hello(0);
  return error;
}

void serve_run(void) {
  bool busy = true;
  while (!port_ended()) {
    watch_wait(busy ? 0 : power_timeout());
    port_receive(dispatch_frame);
    busy = sessions_pump();
    port_flush();
    busy = busy || port_has_input();
    if (!power_is_going_off()) {
      busy = root_grow_on() || busy;
    } else {
      reap();
      power_step(alone);
    }
  }
  sessions_abandon();
  port_close();
  watch_close(&signals);
  watch_wait(0);
}
