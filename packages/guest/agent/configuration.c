#include "configuration.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_HOSTNAME = 1, TAG_MACHINE_ID, TAG_ADDRESS, TAG_GATEWAY, TAG_DNS, TAG_TIME, TAG_ENTROPY, TAG_MAC, TAG_SEARCH, TAG_INIT = 11, TAG_MOUNT, TAG_DISK, TAG_ADDRESS6, TAG_GATEWAY6, TAG_MTU };

/* Identity ends up in files of one line each: no control characters, no NUL. */
static bool take_text(const struct field *field, char *to, size_t size) {
  if (field->length == 0 || field->length >= size) return false;
  for (uint32_t i = 0; i < field->length; i++)
    if (field->value[i] < 0x20 || field->value[i] == 0x7f) return false;
  memcpy(to, field->value, field->length);
  to[field->length] = 0;
  return true;
}

/* What a host name may hold; it ends up in /etc/hosts too. */
static bool take_hostname(const struct field *field, struct configuration *configuration) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
  return take_text(field, configuration->hostname, sizeof configuration->hostname) &&
         configuration->hostname[strspn(configuration->hostname, letters)] == 0;
}

static bool take_machine_id(const struct field *field, struct configuration *configuration) {
  return take_text(field, configuration->machine_id, sizeof configuration->machine_id) && field->length == 32 &&
         strspn(configuration->machine_id, "0123456789abcdef") == 32;
}

/* ADDRESS/PREFIX; the address is the text up to the slash. */
static bool take_prefix(char *text, unsigned long most, uint8_t *prefix) {
  char *slash = strchr(text, '/');
  size_t digits = slash == NULL ? 0 : strspn(slash + 1, "0123456789");
  if (digits < 1 || digits > 3 || slash[1 + digits] != 0) return false;
  unsigned long value = strtoul(slash + 1, NULL, 10);
  if (value > most) return false;
  *slash = 0;
  *prefix = (uint8_t)value;
  return true;
}

static bool take_address(const struct field *field, struct configuration *configuration) {
  char text[32];
  return configuration->has_address = take_text(field, text, sizeof text) && take_prefix(text, 32, &configuration->prefix) &&
                                      inet_pton(AF_INET, text, &configuration->address) == 1;
}

static bool take_address6(const struct field *field, struct configuration *configuration) {
  char text[64];
  return configuration->has_address6 = take_text(field, text, sizeof text) && take_prefix(text, 128, &configuration->prefix6) &&
                                       inet_pton(AF_INET6, text, &configuration->address6) == 1;
}

static bool take_gateway6(const struct field *field, struct configuration *configuration) {
  char text[64];
  return configuration->has_gateway6 =
             take_text(field, text, sizeof text) && inet_pton(AF_INET6, text, &configuration->gateway6) == 1;
}

static bool take_gateway(const struct field *field, struct configuration *configuration) {
  char text[16];
  return configuration->has_gateway =
             take_text(field, text, sizeof text) && inet_pton(AF_INET, text, &configuration->gateway) == 1;
}

static bool take_nameserver(const struct field *field, struct configuration *configuration) {
  struct in6_addr address;
  char text[sizeof configuration->nameservers[0]];
  if (!take_text(field, text, sizeof text)) return false;
  if (inet_pton(AF_INET, text, &address) != 1 && inet_pton(AF_INET6, text, &address) != 1) return false;
  /* The resolvers of libc read three. */
  if (configuration->nameserver_count == MAX_NAMESERVERS) return true;
  memcpy(configuration->nameservers[configuration->nameserver_count++], text, sizeof text);
  return true;
}

static bool take_mac(const struct field *field, struct configuration *configuration) {
  char text[18];
  if (!take_text(field, text, sizeof text) || field->length != 17) return false;
  for (int i = 0; i < 6; i++) {
    const char *byte = text + 3 * i;
    if (strspn(byte, "0123456789abcdefABCDEF") != 2 || byte[2] != (i < 5 ? ':' : 0)) return false;
    configuration->mac[i] = (uint8_t)strtoul(byte, NULL, 16);
  }
  configuration->has_mac = (configuration->mac[0] & 1) == 0;
  return configuration->has_mac;
}

/* IPv6 has no less than 1280 (RFC 8200, 5). */
static bool take_mtu(const struct field *field, struct configuration *configuration) {
  return field_u16(field, &configuration->mtu) && configuration->mtu >= 1280;
}

static bool take_entropy(const struct field *field, struct configuration *configuration) {
  configuration->entropy = field->value;
  configuration->entropy_length = field->length;
  return field->length <= MAX_ENTROPY;
}

static bool take_init(const struct field *field, struct configuration *configuration) {
  uint8_t init = 0;
  if (!field_u8(field, &init) || init > 1) return false;
  configuration->image_init = init == 1;
  return true;
}

/* u8 flags, u8 length of the tag, the tag, and to the end the absolute path of the mount point. */
static bool take_mount(const struct field *field, struct configuration *configuration) {
  if (field->length < 3 || configuration->share_count == MAX_SHARES) return false;
  struct share *share = &configuration->shares[configuration->share_count];
  uint8_t flags = field->value[0];
  uint32_t length = field->value[1];
  if (flags > 1 || length > field->length - 2) return false;
  const struct field tag = {.value = field->value + 2, .length = length};
  const struct field target = {.value = tag.value + length, .length = field->length - 2 - length};
  if (!take_text(&tag, share->tag, sizeof share->tag) || !take_text(&target, share->target, sizeof share->target)) return false;
  share->read_only = flags == 1;
  configuration->share_count++;
  return share->target[0] == '/';
}

static const char *take(const struct field *field, struct configuration *configuration) {
  switch (field->tag) {
    case TAG_HOSTNAME:
      return take_hostname(field, configuration) ? NULL : "hostname: not 1 to 64 characters";
    case TAG_MACHINE_ID: return take_machine_id(field, configuration) ? NULL : "machine_id: not 32 hex digits";
    case TAG_ADDRESS: return take_address(field, configuration) ? NULL : "address: not ADDRESS/PREFIX";
    case TAG_GATEWAY: return take_gateway(field, configuration) ? NULL : "gateway: not an IPv4 address";
    case TAG_DNS: return take_nameserver(field, configuration) ? NULL : "dns: not an address";
    case TAG_TIME: return (configuration->has_time = field_u64(field, &configuration->time)) ? NULL : "time: not a u64";
    case TAG_ENTROPY: return take_entropy(field, configuration) ? NULL : "entropy: more than 512 bytes";
    case TAG_MAC: return take_mac(field, configuration) ? NULL : "mac: not a unicast address";
    case TAG_SEARCH: return take_text(field, configuration->search, sizeof configuration->search) ? NULL : "search: not a domain";
    case TAG_INIT: return take_init(field, configuration) ? NULL : "init: neither 0 nor 1";
    case TAG_MOUNT: return take_mount(field, configuration) ? NULL : "mount: not flags, tag and path, or more than 16";
    case TAG_DISK: return field_u64(field, &configuration->disk) && configuration->disk > 0 ? NULL : "disk: not a u64";
    case TAG_ADDRESS6: return take_address6(field, configuration) ? NULL : "address6: not ADDRESS/PREFIX";
    case TAG_GATEWAY6: return take_gateway6(field, configuration) ? NULL : "gateway6: not an IPv6 address";
    case TAG_MTU: return take_mtu(field, configuration) ? NULL : "mtu: not 1280 or more";
    default: return NULL;
  }
}

const char *configuration_decode(const struct frame *frame, struct configuration *configuration) {
  *configuration = (struct configuration){0};
  struct fields fields = {.next = frame->payload, .left = frame->size};
  struct field field;
  int more;
  while ((more = fields_next(&fields, &field)) > 0) {
    const char *problem = take(&field, configuration);
    if (problem != NULL) return problem;
  }
  return more < 0 ? "malformed fields" : NULL;
}
