/* Switches the machine off at once. */
#ifndef NOOK_MACHINE_H
#define NOOK_MACHINE_H

_Noreturn void machine_off(void);

#endif
