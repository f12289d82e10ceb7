/* What the machine uses: answers STATS, in a child, as fields on stdout. */
#ifndef NOOK_STATS_H
#define NOOK_STATS_H

_Noreturn void stats_report(void);

#endif
