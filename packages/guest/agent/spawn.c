#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "child.h"

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

int spawn(const struct exec_request *request, struct spawned *spawned, const char **stage) {
  *spawned = (struct spawned){.in = -1, .out = -1, .err = -1, .status = -1};
  struct child_descriptors child = {.in = -1, .out = -1, .err = -1, .status = -1};
  *stage = request->pty ? "pty" : "limit";
  int error = request->pty ? make_terminal(request, spawned, &child) : make_pipes(spawned, &child);
  if (error == 0) {
    *stage = "limit";
    error = make_pipe(&spawned->status, &child.status, 1);
  }
  if (error == 0) {
    spawned->pid = fork();
    if (spawned->pid == 0) child_run(request, &child);
    if (spawned->pid < 0) error = -errno;
  }
  close_child_ends(&child);
  if (error < 0) {
    const int ends[] = {spawned->in, spawned->out, spawned->err, spawned->status};
    close_all(ends, 4);
  }
  return error;
}
