/* fork-exec-loop COUNT: runs /bin/true so many times and prints the microseconds of each run, one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e6 + at.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1;
  for (int i = 0; i < count; i++) {
    double began = now();
    pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", (char *)0);
      _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) return 1;
    printf("%.1f\n", now() - began);
  }
  return 0;
}
