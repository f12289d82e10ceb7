/* Ending: all processes first, then the machine. The test variant ends its own sessions and itself. */
#ifndef NOOK_POWER_H
#define NOOK_POWER_H

#include <stdbool.h>
#include <stdint.h>

void power_off_after(uint32_t grace_milliseconds);
bool power_is_going_off(void);
/* Milliseconds until power_step has something to do, -1: never. */
int power_timeout(void);
/* Called on every turn; `alone`: no child is left. Does not return when the machine goes off. */
void power_step(bool alone);

#endif
