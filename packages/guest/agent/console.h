/* Terse lines on the console (the test variant: standard error): `nook: 1.234 text`, seconds since boot. */
#ifndef NOOK_CONSOLE_H
#define NOOK_CONSOLE_H

void console_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
