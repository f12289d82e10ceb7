/* Which ports the machine listens on, and who does: answers LISTENERS, in a child, as fields on stdout. */
#ifndef NOOK_LISTENERS_H
#define NOOK_LISTENERS_H

_Noreturn void listeners_report(void);

#endif
