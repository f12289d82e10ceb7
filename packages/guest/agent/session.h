/* Exec sessions: a process, its pipes or its pty, and the windows of its streams. */
#ifndef NOOK_SESSION_H
#define NOOK_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"
#include "stdin-queue.h"
#include "stdout-stream.h"
#include "watch.h"

#define MAX_SESSIONS 256

struct session {
  uint32_t channel;
  pid_t pid;
  bool pty;
  bool started;
  bool exited;
  int wait_status;
  uint64_t pending_signals; /* sent before the command had started; bit N-1 is signal N */
  struct watch status;      /* end of file: the command runs; a struct exec_failure: it does not */
  bool status_known;
  bool errand;   /* the agent's own child, which works for the host alone */
  bool outlived; /* its epoch is over: the channel is free, and what the command writes is read for nobody */
  struct stdin_queue input;
  struct stdout_stream output[2];
};

void session_exec(const struct frame *frame);
/* A session whose process is the agent itself, on an errand of the host. */
void session_errand(const struct frame *frame);
void session_data(const struct frame *frame);
void session_end(const struct frame *frame);
void session_credit(const struct frame *frame);
void session_signal(const struct frame *frame);
void session_resize(const struct frame *frame);

/* The child `pid` was reaped. */
void sessions_reaped(pid_t pid, int wait_status);
/* The host that began them is gone for good: they end towards the new one, and their processes go on without any. */
void sessions_outlive_epoch(void);
/* One turn: moves what can be moved towards the port. Whether anything was. */
bool sessions_pump(void);
size_t sessions_count(void);
/* SIGTERM to all sessions; where their processes are not all that there are. */
void sessions_terminate(void);
/* A session on a terminal gets SIGHUP, as when its terminal goes: shells ignore SIGTERM there. */
void sessions_hang_up(void);
/* Kills and forgets all; for the end of the test variant. */
void sessions_abandon(void);

#endif
