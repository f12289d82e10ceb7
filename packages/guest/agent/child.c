#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "direct.h"
#include "errand.h"
#include "program.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

/* In bytes, as the kernel counts signals. */
#define SIGNAL_SET_SIZE 8
#define COMMAND_FILES_SOFT 1024
#define COMMAND_FILES_HARD 524288
/* Four per session and what the drains hold. */
#define AGENT_FILES 4096

static struct rlimit files = {.rlim_cur = COMMAND_FILES_SOFT, .rlim_max = COMMAND_FILES_HARD};

void child_save_limits(void) {
  struct rlimit own = {.rlim_cur = AGENT_FILES, .rlim_max = COMMAND_FILES_HARD};
  if (geteuid() != 0) {
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) return;
    own = (struct rlimit){.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};
  }
  setrlimit(RLIMIT_NOFILE, &own);
}

static bool spared;

static void set_badness(const char *value) {
  int fd = direct_open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  direct_write(fd, value, strlen(value));
  direct_close(fd);
}

void child_spare_agent(void) {
  spared = true;
  set_badness("-1000");
}

bool child_agent_is_spared(void) { return spared; }

static uint64_t ignored_signals;

void child_ignore_signal(int number) {
  signal(number, SIG_IGN);
  ignored_signals |= (uint64_t)1 << (number - 1);
}

void child_begin_signals(void) {
  for (int number = 1; number <= 64; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) signal(number, SIG_DFL);
  }
}

static void reset_signals(void) {
  /* The kernel's struct sigaction: its handler, SIG_DFL, its flags, its restorer, its mask. */
  static const uint64_t by_default[4];
  for (int number = 1; number <= 64; number++)
    if ((ignored_signals >> (number - 1) & 1) != 0) direct(SYS_rt_sigaction, number, (long)by_default, 0, SIGNAL_SET_SIZE);
  static const uint64_t none;
  direct(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, SIGNAL_SET_SIZE);
}

void child_reset(void) {
  reset_signals();
  static const struct sched_param usual;
  direct(SYS_sched_setscheduler, 0, SCHED_OTHER, (long)&usual, 0);
  direct(SYS_setrlimit, RLIMIT_NOFILE, (long)&files, 0, 0);
  if (spared) set_badness("0");
}

__attribute__((format(printf, 4, 5))) static bool fail(struct child *child, long error, const char *stage, const char *format, ...) {
  child->failure.error = (int)-error;
  child->failure.explain = true;
  snprintf(child->failure.stage, sizeof child->failure.stage, "%s", stage);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(child->failure.message, sizeof child->failure.message, format, arguments);
  va_end(arguments);
  return false;
}

static bool take_terminal(struct child *child) {
  if (!child->request.pty) return true;
  long error = direct(SYS_ioctl, child->descriptors.in, TIOCSCTTY, 0, 0);
  return error == 0 || fail(child, error, "pty", "no controlling terminal");
}

static bool take_descriptors(struct child *child) {
  /* The three may themselves be 0, 1 or 2: first out of the way, then into place. */
  int from[3] = {child->descriptors.in, child->descriptors.out, child->descriptors.err};
  for (int i = 0; i < 3; i++) {
    if (from[i] < 3) from[i] = (int)direct(SYS_fcntl, from[i], F_DUPFD_CLOEXEC, 3, 0);
    if (from[i] < 0) return fail(child, from[i], "limit", "no descriptor for the command");
  }
  for (int i = 0; i < 3; i++) {
    long error = direct(SYS_dup2, from[i], i, 0, 0);
    if (error < 0) return fail(child, error, "limit", "no descriptor for the command");
  }
  return true;
}

static bool become_user(struct child *child) {
  const char *problem = user_find(child->request.user, &child->user, &child->lines);
  if (problem != NULL) {
    fail(child, -EINVAL, "user", "%s: %s", problem, child->request.user);
    return child->failure.explain = false;
  }
  /* Programs that open their terminal by name need to own it. */
  long error = child->request.pty ? direct(SYS_fchown, 0, child->user.uid, -1, 0) : 0;
  if (error < 0) return fail(child, error, "pty", "cannot hand over the terminal");
  error = user_become(&child->user);
  return error == 0 || fail(child, error, "user", "cannot become %s", child->user.name);
}

static long enter(const char *directory) { return direct(SYS_chdir, (long)directory, 0, 0, 0); }

static bool enter_directory(struct child *child) {
  const char *given = child->request.cwd;
  if (given == NULL && enter(child->user.home) == 0) return true;
  const char *directory = given == NULL ? "/" : given;
  long error = enter(directory);
  return error == 0 || fail(child, error, "cwd", "cannot enter %s", directory);
}

static bool take_place(struct child *child) {
  memset(&child->failure, 0, sizeof child->failure);
  direct(SYS_setsid, 0, 0, 0, 0);
  child_reset();
  return take_terminal(child) && take_descriptors(child) && become_user(child) && enter_directory(child);
}

static int give_up(const struct child *child) {
  direct_write(child->descriptors.status, &child->failure, sizeof child->failure);
  return 127;
}

int child_run(void *memory) {
  struct child *child = memory;
  if (!take_place(child)) return give_up(child);
  direct(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC, 0);
  environment_build(&child->request, &child->user, &child->defaults);
  snprintf(child->failure.stage, sizeof child->failure.stage, "exec");
  program_run(child->request.argv, child->request.environment, &child->failure);
  return give_up(child);
}

/* No exec will close them. The end of the status pipe says that the errand has begun. */
static void close_all_others(void) {
  if (direct(SYS_close_range, 3, UINT_MAX, 0, 0) == 0) return;
  for (int fd = 3; fd < AGENT_FILES; fd++) close(fd);
}

_Noreturn void child_run_errand(struct child *child) {
  if (!take_place(child)) _exit(give_up(child));
  close_all_others();
  errand_run(child->request.errand);
}
