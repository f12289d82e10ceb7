/* The frames of docs/guest-protocol.md: header, types, and the fields of structured payloads. */
#ifndef NOOK_FRAMES_H
#define NOOK_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 1u
#define HEADER_SIZE 12u
#define MAX_PAYLOAD 65536u
#define WINDOW 262144u
#define MAX_PING 64u

enum frame_type {
  FRAME_HELLO = 1,
  FRAME_CONFIGURE,
  FRAME_CONFIGURED,
  FRAME_EXEC,
  FRAME_EXEC_STARTED,
  FRAME_EXEC_FAILED,
  FRAME_DATA,
  FRAME_END,
  FRAME_CREDIT,
  FRAME_EXIT,
  FRAME_SIGNAL,
  FRAME_RESIZE,
  FRAME_PING,
  FRAME_PONG,
  FRAME_POWEROFF,
  FRAME_ERROR,
  FRAME_COPY,
  FRAME_STATS,
  FRAME_LISTENERS,
  FRAME_HOLD = 20,
  FRAME_HELD,
  FRAME_CONNECT,
};

enum { STREAM_STDIN, STREAM_STDOUT, STREAM_STDERR };

struct frame {
  uint32_t channel;
  uint32_t size;
  const uint8_t *payload;
  uint8_t type;
  uint8_t stream;
};

/* Bytes that the first frame in the buffer takes, 0 when it is not complete, or -errno when it can be no frame. */
long frame_parse(const uint8_t *bytes, size_t length, struct frame *frame);
void frame_write_header(uint8_t *bytes, const struct frame *frame);

uint16_t load_u16(const uint8_t *bytes);
uint32_t load_u32(const uint8_t *bytes);
uint64_t load_u64(const uint8_t *bytes);
void store_u16(uint8_t *bytes, uint16_t value);
void store_u32(uint8_t *bytes, uint32_t value);
void store_u64(uint8_t *bytes, uint64_t value);

struct fields {
  const uint8_t *next;
  size_t left;
};

struct field {
  const uint8_t *value;
  uint32_t length;
  uint16_t tag;
};

/* 1 with the next field, 0 at the end, -1 when the payload is malformed. */
int fields_next(struct fields *fields, struct field *field);
bool field_u8(const struct field *field, uint8_t *value);
bool field_u16(const struct field *field, uint16_t *value);
bool field_u64(const struct field *field, uint64_t *value);
/* Whether the value is a string without NUL. */
bool field_is_string(const struct field *field);

/* Builds a small structured payload; what does not fit is left out. */
struct payload {
  size_t length;
  uint8_t bytes[1000];
};

void payload_bytes(struct payload *payload, uint16_t tag, const void *value, size_t length);
void payload_string(struct payload *payload, uint16_t tag, const char *value);
void payload_u32(struct payload *payload, uint16_t tag, uint32_t value);
void payload_u64(struct payload *payload, uint16_t tag, uint64_t value);

#endif
