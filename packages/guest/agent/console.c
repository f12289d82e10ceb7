#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

void console_log(const char *format, ...) {
  char line[512];
  struct timespec now = {0};
  clock_gettime(CLOCK_BOOTTIME, &now);
  int length = snprintf(line, sizeof line, "nook: %ld.%03ld ", (long)now.tv_sec, now.tv_nsec / 1000000);
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  line[length++] = '\n';
  ssize_t ignored = write(STDERR_FILENO, line, (size_t)length);
  (void)ignored;
}
