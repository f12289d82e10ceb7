#include "child-memory.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guard.h"

#define PAGE 4096
#define STACK_SIZE (64u * 1024u)
/* Each has touched some 24 KiB, and the agent's memory is to be small whatever the host asks for. */
#define AT_ONCE 16

struct child_memory {
  uint8_t below[PAGE]; /* not accessible */
  uint8_t stack[STACK_SIZE];
  struct child child;
  pid_t pid;
  struct child_memory *next;
};

static struct child_memory *in_use;
static unsigned count;
/* One is kept, with the pages that it has touched. */
static struct child_memory *kept;

static struct child_memory *map(void) {
  struct child_memory *memory =
      mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (mprotect(memory->below, sizeof memory->below, PROT_NONE) == 0) return memory;
  munmap(memory, sizeof *memory);
  return NULL;
}

struct child_memory *child_memory_take(void) {
  struct child_memory *memory = kept == NULL ? map() : kept;
  kept = NULL;
  if (memory == NULL) return NULL;
  /* A child that became its command left the frames of its functions as they were. */
  guard_off(memory->stack, sizeof memory->stack);
  memory->pid = 0;
  memory->next = in_use;
  in_use = memory;
  count++;
  return memory;
}

bool child_memory_has_room(void) { return count <= AT_ONCE; }

struct child *child_memory_child(struct child_memory *memory) { return &memory->child; }

pid_t child_memory_start(struct child_memory *memory) {
  pid_t pid = clone(child_run, memory->stack + sizeof memory->stack, CLONE_VM | SIGCHLD, &memory->child);
  if (pid < 0) return -errno;
  return memory->pid = pid;
}

static void put_away(struct child_memory *memory) {
  exec_request_free(&memory->child.request);
  if (kept == NULL)
    kept = memory;
  else
    munmap(memory, sizeof *memory);
}

void child_memory_release(struct child_memory *memory) {
  for (struct child_memory **link = &in_use; *link != NULL; link = &(*link)->next) {
    if (*link != memory) continue;
    *link = memory->next;
    count--;
    put_away(memory);
    return;
  }
}

void child_memory_left(pid_t pid) {
  for (struct child_memory *memory = in_use; memory != NULL; memory = memory->next) {
    if (memory->pid != pid) continue;
    child_memory_release(memory);
    return;
  }
}

void child_memory_abandon(void) {
  while (in_use != NULL) {
    kill(in_use->pid, SIGKILL);
    waitpid(in_use->pid, NULL, 0);
    child_memory_release(in_use);
  }
}
