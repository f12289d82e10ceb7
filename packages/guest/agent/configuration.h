/* The decoded and checked payload of a CONFIGURE frame. */
#ifndef NOOK_CONFIGURATION_H
#define NOOK_CONFIGURATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "shares.h"

#define MAX_NAMESERVERS 3
#define MAX_ENTROPY 512

struct configuration {
  bool has_address;
  bool has_gateway;
  bool has_address6;
  bool has_gateway6;
  bool has_mac;
  bool has_time;
  bool image_init; /* the image's own init is to be PID 1 */
  uint8_t prefix;
  uint8_t prefix6;
  uint8_t mac[6];
  uint16_t mtu; /* 0: absent */
  struct in_addr address;
  struct in_addr gateway;
  struct in6_addr address6;
  struct in6_addr gateway6;
  uint64_t time; /* nanoseconds since the epoch */
  uint64_t disk; /* bytes that the root file system is to fill; 0: absent */
  size_t nameserver_count;
  size_t entropy_length;
  size_t share_count;
  const uint8_t *entropy; /* into the frame */
  struct share shares[MAX_SHARES];
  char hostname[65];      /* "": absent */
  char machine_id[33];    /* "": absent */
  char search[256];       /* "": absent */
  char nameservers[MAX_NAMESERVERS][64];
};

/* NULL, or what is wrong. Nothing has been applied then. */
const char *configuration_decode(const struct frame *frame, struct configuration *configuration);

#endif
