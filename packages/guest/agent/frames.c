#include "frames.h"

#include <errno.h>
#include <string.h>

uint16_t load_u16(const uint8_t *bytes) { return (uint16_t)(bytes[0] | bytes[1] << 8); }

uint32_t load_u32(const uint8_t *bytes) { return (uint32_t)load_u16(bytes) | (uint32_t)load_u16(bytes + 2) << 16; }

uint64_t load_u64(const uint8_t *bytes) { return (uint64_t)load_u32(bytes) | (uint64_t)load_u32(bytes + 4) << 32; }

void store_u16(uint8_t *bytes, uint16_t value) {
  bytes[0] = (uint8_t)value;
  bytes[1] = (uint8_t)(value >> 8);
}

void store_u32(uint8_t *bytes, uint32_t value) {
  store_u16(bytes, (uint16_t)value);
  store_u16(bytes + 2, (uint16_t)(value >> 16));
}

void store_u64(uint8_t *bytes, uint64_t value) {
  store_u32(bytes, (uint32_t)value);
  store_u32(bytes + 4, (uint32_t)(value >> 32));
}

long frame_parse(const uint8_t *bytes, size_t length, struct frame *frame) {
  if (length < HEADER_SIZE) return 0;
  frame->size = load_u32(bytes);
  frame->type = bytes[4];
  frame->stream = bytes[5];
  frame->channel = load_u32(bytes + 8);
  frame->payload = bytes + HEADER_SIZE;
  if (frame->size > MAX_PAYLOAD) return -EMSGSIZE;
  if (load_u16(bytes + 6) != 0) return -EPROTO;
  if (length - HEADER_SIZE < frame->size) return 0;
  return (long)(HEADER_SIZE + frame->size);
}

void frame_write_header(uint8_t *bytes, const struct frame *frame) {
  store_u32(bytes, frame->size);
  bytes[4] = frame->type;
  bytes[5] = frame->stream;
  store_u16(bytes + 6, 0);
  store_u32(bytes + 8, frame->channel);
}

#define FIELD_HEADER 6u

int fields_next(struct fields *fields, struct field *field) {
  if (fields->left == 0) return 0;
  if (fields->left < FIELD_HEADER) return -1;
  field->tag = load_u16(fields->next);
  field->length = load_u32(fields->next + 2);
  field->value = fields->next + FIELD_HEADER;
  fields->left -= FIELD_HEADER;
  if (field->length > fields->left) return -1;
  fields->next = field->value + field->length;
  fields->left -= field->length;
  return 1;
}

bool field_u8(const struct field *field, uint8_t *value) {
  if (field->length != 1) return false;
  *value = field->value[0];
  return true;
}

bool field_u16(const struct field *field, uint16_t *value) {
  if (field->length != 2) return false;
  *value = load_u16(field->value);
  return true;
}

bool field_u64(const struct field *field, uint64_t *value) {
  if (field->length != 8) return false;
  *value = load_u64(field->value);
  return true;
}

bool field_is_string(const struct field *field) {
  return field->length == 0 || memchr(field->value, 0, field->length) == NULL;
}

void payload_bytes(struct payload *payload, uint16_t tag, const void *value, size_t length) {
  if (length > sizeof payload->bytes - FIELD_HEADER || payload->length > sizeof payload->bytes - FIELD_HEADER - length) return;
  uint8_t *at = payload->bytes + payload->length;
  store_u16(at, tag);
  store_u32(at + 2, (uint32_t)length);
  if (length > 0) memcpy(at + FIELD_HEADER, value, length);
  payload->length += FIELD_HEADER + length;
}

void payload_string(struct payload *payload, uint16_t tag, const char *value) {
  payload_bytes(payload, tag, value, strlen(value));
}

void payload_u32(struct payload *payload, uint16_t tag, uint32_t value) {
  uint8_t bytes[4];
  store_u32(bytes, value);
  payload_bytes(payload, tag, bytes, sizeof bytes);
}

void payload_u64(struct payload *payload, uint16_t tag, uint64_t value) {
  uint8_t bytes[8];
  store_u64(bytes, value);
  payload_bytes(payload, tag, bytes, sizeof bytes);
}
