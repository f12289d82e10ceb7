/* The stream of frames: a bounded queue out, whole frames in. */
#ifndef NOOK_PORT_H
#define NOOK_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

/* What is kept free for the answers to one frame of the host. */
#define CONTROL_ROOM 2048u

/* `reconnects`: end of file means that the host is away for now (virtio), not that it is gone (a socket). */
int port_open(int fd, bool reconnects);
/* After watch_open was called anew. */
int port_watch_again(void);
void port_close(void);
/* Whether the other end is gone for good. */
bool port_ended(void);

/* Reads and dispatches what is there, as long as answers fit. */
void port_receive(void (*dispatch)(const struct frame *frame));
void port_flush(void);
/* Whether receiving could go on without waiting for an event. */
bool port_has_input(void);

/* Bytes that one more frame's payload may have; control frames may use what is kept free from data. */
size_t port_room_for_data(void);
bool port_room_for_control(void);
bool port_is_empty(void);

/* From now on there is no room for anything, until the next frame of the host is taken. */
void port_hold(void);
/* Drops the frames that wait to be sent; one that was begun is finished. */
void port_forget_unsent(void);

/* Queues one small frame; false (and nothing queued) when there is no room. */
bool port_send(uint8_t type, uint32_t channel, uint8_t stream, const void *payload, size_t size);
bool port_send_payload(uint8_t type, uint32_t channel, const struct payload *payload);
bool port_send_error(uint32_t channel, int error, const char *message);

/* Reads up to `limit` bytes of `fd` straight into a DATA frame. Returns what read() did, -errno on errors. */
long port_send_from(int fd, size_t limit, uint32_t channel, uint8_t stream);

#endif
