#include "power.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "handover.h"
#include "machine.h"
#include "session.h"

/* How long killed processes may take to go (writing to a slow disk, say). */
#define KILLED_MILLISECONDS 2000

static enum { RUNNING, TERMINATING, KILLING } phase;
static long deadline;

static long milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

bool power_is_going_off(void) { return phase != RUNNING; }

int power_timeout(void) {
  if (phase == RUNNING) return -1;
  long left = deadline - milliseconds_now();
  return left > 0 ? (int)left : 0;
}

void power_off_after(uint32_t grace_milliseconds) {
  long until = milliseconds_now() + (long)(grace_milliseconds > 0x7fffffffu ? 0x7fffffffu : grace_milliseconds);
  if (phase == RUNNING) {
    console_log("powering off");
    phase = TERMINATING;
    deadline = until;
    if (handover_power_off()) {
      /* All others are the init's. */
      sessions_terminate();
    } else {
      kill(-1, SIGTERM);
      kill(-1, SIGCONT);
    }
    sessions_hang_up();
  } else if (phase == TERMINATING && until < deadline) {
    deadline = until;
  }
}

static void leave(void) {
  sync();
  if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) console_log("the root stays writable: %s", strerror(errno));
  machine_off();
}

void power_step(bool alone) {
  if (alone && !handover_is_done()) leave();
  if (milliseconds_now() < deadline) return;
  if (handover_is_done()) {
    console_log("the image's init did not power off in time");
    kill(-1, SIGKILL);
    leave();
  }
  if (phase == KILLING) {
    console_log("processes are left that cannot be killed");
    leave();
  }
  phase = KILLING;
  deadline = milliseconds_now() + KILLED_MILLISECONDS;
  kill(-1, SIGKILL);
}
