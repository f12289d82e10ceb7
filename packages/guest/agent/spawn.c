#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "child-memory.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

/* The commands must block, the agent must not: O_NONBLOCK on the agent's end only. */
static int make_pipe(int *agent, int *command, int agent_reads) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  *agent = ends[agent_reads ? 0 : 1];
  *command = ends[agent_reads ? 1 : 0];
  return fcntl(*agent, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int make_pipes(struct spawned *spawned, struct child_descriptors *child) {
  int error = make_pipe(&spawned->in, &child->in, 0);
  if (error == 0) error = make_pipe(&spawned->out, &child->out, 1);
  if (error == 0) error = make_pipe(&spawned->err, &child->err, 1);
  return error;
}

static int make_terminal(const struct exec_request *request, struct spawned *spawned, struct child_descriptors *child) {
  int master = spawned->out = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return -errno;
  /* A copy of its own, since output and input are watched apart. */
  spawned->in = fcntl(master, F_DUPFD_CLOEXEC, 3);
  int unlocked = 0;
  struct winsize size = {.ws_row = request->rows, .ws_col = request->columns};
  if (spawned->in < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0) return -errno;
  child->in = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (child->in < 0) return -errno;
  child->out = child->err = child->in;
  return 0;
}

static void close_all(const int *descriptors, int count) {
  for (int i = 0; i < count; i++)
    if (descriptors[i] >= 0) close(descriptors[i]);
}

static void close_child_ends(const struct child_descriptors *child) {
  const int ends[] = {child->in, child->out == child->in ? -1 : child->out, child->err == child->in ? -1 : child->err, child->status};
  close_all(ends, 4);
}

/* Nobody blocks on it: what the child writes, if anything, fits. */
static int make_status_pipe(int *agent, int *child) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
  *agent = ends[0];
  *child = ends[1];
  return 0;
}

static int open_ends(struct child *child, struct spawned *spawned, const char **stage) {
  bool pty = child->request.pty;
  *stage = pty ? "pty" : "limit";
  int error = pty ? make_terminal(&child->request, spawned, &child->descriptors) : make_pipes(spawned, &child->descriptors);
  if (error < 0) return error;
  *stage = "limit";
  return make_status_pipe(&spawned->status, &child->descriptors.status);
}

static pid_t fork_child(struct child *child) {
  pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid > 0) return pid;
  if (child->request.errand != NULL) child_run_errand(child);
  _exit(child_run(child));
}

static bool is_root(const char *user) {
  return user == NULL || *user == 0 || strcmp(user, "root") == 0 || strcmp(user, "0") == 0;
}

/*
 * A fork costs more than all else before exec: it copies the tables of the agent's pages, and then each page that either
 * side writes to, by a fault. So a command's child runs in the agent's own memory, and beside it: a disk that it waits
 * for stops nobody else. Not for another user, whose processes may be traced by others of that user; and not where the
 * kernel counts both as one when memory runs out, since the agent is spared there.
 */
static bool fits_beside(const struct exec_request *request) {
  return request->errand == NULL && is_root(request->user) && !child_agent_is_spared() && child_memory_has_room();
}

int spawn(struct exec_request *request, struct spawned *spawned, const char **stage) {
  *spawned = (struct spawned){.in = -1, .out = -1, .err = -1, .status = -1};
  *stage = "limit";
  struct child_memory *memory = child_memory_take();
  if (memory == NULL) return -ENOMEM;
  struct child *child = child_memory_child(memory);
  child->request = *request;
  request->memory = NULL;
  child->descriptors = (struct child_descriptors){.in = -1, .out = -1, .err = -1, .status = -1};
  bool beside = fits_beside(&child->request);
  int error = open_ends(child, spawned, stage);
  if (error == 0) spawned->pid = beside ? child_memory_start(memory) : fork_child(child);
  if (error == 0 && spawned->pid < 0) error = spawned->pid;
  close_child_ends(&child->descriptors);
  if (error < 0) {
    const int ends[] = {spawned->in, spawned->out, spawned->err, spawned->status};
    close_all(ends, 4);
  }
  if (error < 0 || !beside) child_memory_release(memory);
  return error;
}
