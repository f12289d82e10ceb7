/* What background children of an ended session still write is read and dropped, so that they go on living. */
#ifndef NOOK_DRAIN_H
#define NOOK_DRAIN_H

/* Takes over the descriptor. Beyond a fixed number of drains the oldest is closed. */
void drain_add(int fd);
void drain_close_all(void);

#endif
