#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "environment.h"
#include "errand.h"
#include "program.h"
#include "user.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

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
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t ignored = write(fd, value, strlen(value));
  (void)ignored;
  close(fd);
}

void child_spare_agent(void) {
  spared = true;
  set_badness("-1000");
}

static int status = -1;

__attribute__((format(printf, 3, 4))) static _Noreturn void fail(int error, const char *stage, const char *format, ...) {
  struct exec_failure failure = {.error = error};
  snprintf(failure.stage, sizeof failure.stage, "%s", stage);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure.message, sizeof failure.message, format, arguments);
  va_end(arguments);
  ssize_t ignored = write(status, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

static void reset_signals(void) {
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_reset(void) {
  reset_signals();
  syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &(struct sched_param){0});
  setrlimit(RLIMIT_NOFILE, &files);
  umask(022);
  if (spared) set_badness("0");
}

static void take_descriptors(const struct child_descriptors *descriptors) {
  /* The three may themselves be 0, 1 or 2: first out of the way, then into place. */
  int from[3] = {descriptors->in, descriptors->out, descriptors->err};
  for (int i = 0; i < 3; i++) {
    from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
    if (from[i] < 0) fail(errno, "limit", "no descriptor for the command: %s", strerror(errno));
  }
  for (int i = 0; i < 3; i++)
    if (dup2(from[i], i) < 0) fail(errno, "limit", "no descriptor for the command: %s", strerror(errno));
  syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
}

/* No exec will close them. The end of `status` says that the errand has begun. */
static void close_all_others(void) {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
  for (int fd = 3; fd < AGENT_FILES; fd++) close(fd);
}

static void enter_directory(const struct exec_request *request, const struct user *user) {
  if (request->cwd != NULL) {
    if (chdir(request->cwd) < 0) fail(errno, "cwd", "cannot enter %s: %s", request->cwd, strerror(errno));
    return;
  }
  if (chdir(user->home) < 0 && chdir("/") < 0) fail(errno, "cwd", "cannot enter /: %s", strerror(errno));
}

_Noreturn void child_run(const struct exec_request *request, const struct child_descriptors *descriptors) {
  status = descriptors->status;
  setsid();
  child_reset();
  if (request->pty && ioctl(descriptors->in, TIOCSCTTY, 0) < 0) fail(errno, "pty", "no controlling terminal: %s", strerror(errno));
  take_descriptors(descriptors);

  static struct user user;
  const char *problem = user_find(request->user, &user);
  if (problem != NULL) fail(EINVAL, "user", "%s: %s", problem, request->user);
  /* Programs that open their terminal by name need to own it. */
  if (request->pty && fchown(0, user.uid, (gid_t)-1) < 0) fail(errno, "pty", "cannot hand over the terminal: %s", strerror(errno));
  int became = user_become(&user);
  if (became < 0) fail(-became, "user", "cannot become %s: %s", user.name, strerror(-became));
  enter_directory(request, &user);
  if (request->errand != NULL) {
    close_all_others();
    errand_run(request->errand);
  }

  char **environment = environment_build(request, &user);
  if (environment == NULL) fail(ENOMEM, "limit", "out of memory");
  char why[200];
  int error = program_run(request->argv, environment, why, sizeof why);
  fail(error, "exec", "%s", why);
}
