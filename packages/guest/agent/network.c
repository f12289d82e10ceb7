#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"

#define MAX_INDEX 64

/* <linux/ipv6.h> and <linux/ipv6_route.h>, which do not go with the C library's headers. */
struct address6_request {
  struct in6_addr address;
  uint32_t prefix;
  int index;
};
struct route6_request {
  struct in6_addr destination, source, gateway;
  uint32_t type;
  uint16_t destination_length, source_length;
  uint32_t metric;
  unsigned long info;
  uint32_t flags;
  int index;
};

static int set_up(int fd, const char *name, bool up) {
  struct ifreq interface = {0};
  snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
  int error = control(fd, SIOCGIFFLAGS, &interface);
  if (error < 0) return error;
  interface.ifr_flags = (short)(up ? interface.ifr_flags | IFF_UP : interface.ifr_flags & ~IFF_UP);
  return control(fd, SIOCSIFFLAGS, &interface);
}

static int find_interface(int fd, char *name) {
  for (int index = 1; index <= MAX_INDEX; index++) {
    struct ifreq interface = {.ifr_ifindex = index};
    if (control(fd, SIOCGIFNAME, &interface) < 0) continue;
    memcpy(name, interface.ifr_name, IFNAMSIZ);
    if (control(fd, SIOCGIFHWADDR, &interface) == 0 && interface.ifr_hwaddr.sa_family == ARPHRD_ETHER) return 0;
  }
  return -ENODEV;
}

static int set_mac(int fd, const char *name, const uint8_t *mac) {
  struct ifreq interface = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};
  snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
  memcpy(interface.ifr_hwaddr.sa_data, mac, 6);
  return control(fd, SIOCSIFHWADDR, &interface);
}

static void put_address(struct sockaddr *to, uint32_t address) {
  struct sockaddr_in internet = {.sin_family = AF_INET, .sin_addr.s_addr = address};
  memcpy(to, &internet, sizeof internet);
}

static uint32_t mask_of(uint8_t prefix) { return prefix == 0 ? 0 : htonl(0xffffffffu << (32 - prefix)); }

static int set_address(int fd, const char *name, unsigned long number, uint32_t address) {
  struct ifreq interface = {0};
  snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
  put_address(&interface.ifr_addr, address);
  return control(fd, number, &interface);
}

static int add_route(int fd, char *name, uint32_t destination, uint32_t mask, uint32_t gateway) {
  struct rtentry route = {.rt_flags = (unsigned short)(RTF_UP | (gateway != 0 ? RTF_GATEWAY : 0)), .rt_dev = name};
  put_address(&route.rt_dst, destination);
  put_address(&route.rt_genmask, mask);
  put_address(&route.rt_gateway, gateway);
  int error = control(fd, SIOCADDRT, &route);
  return error == -EEXIST ? 0 : error;
}

static int set_gateway(int fd, char *name, const struct configuration *configuration) {
  struct rtentry present = {.rt_flags = RTF_UP | RTF_GATEWAY};
  put_address(&present.rt_dst, 0);
  put_address(&present.rt_genmask, 0);
  put_address(&present.rt_gateway, 0);
  control(fd, SIOCDELRT, &present);
  uint32_t gateway = configuration->gateway.s_addr;
  uint32_t mask = mask_of(configuration->prefix);
  bool beside = configuration->has_address && (gateway & mask) != (configuration->address.s_addr & mask);
  int error = beside ? add_route(fd, name, gateway, 0xffffffffu, 0) : 0;
  return error < 0 ? error : add_route(fd, name, 0, 0, gateway);
}

/* Most devices take it while up; for the others the interface goes down. */
static int change_mac(int fd, const char *name, const struct configuration *configuration) {
  if (!configuration->has_mac) return 0;
  int error = set_mac(fd, name, configuration->mac);
  if (error != -EBUSY) return error;
  error = set_up(fd, name, false);
  return error < 0 ? error : set_mac(fd, name, configuration->mac);
}

static int change_mtu(int fd, const char *name, const struct configuration *configuration) {
  if (configuration->mtu == 0) return 0;
  struct ifreq interface = {.ifr_mtu = configuration->mtu};
  snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
  return control(fd, SIOCSIFMTU, &interface);
}

static bool has_address(int fd, const char *name, const struct configuration *configuration) {
  struct ifreq interface = {0};
  snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", name);
  struct sockaddr_in found;
  if (control(fd, SIOCGIFADDR, &interface) < 0) return false;
  memcpy(&found, &interface.ifr_addr, sizeof found);
  if (found.sin_addr.s_addr != configuration->address.s_addr || control(fd, SIOCGIFNETMASK, &interface) < 0) return false;
  memcpy(&found, &interface.ifr_netmask, sizeof found);
  return found.sin_addr.s_addr == mask_of(configuration->prefix);
}

/* Down first: a changed address takes its old routes with it. */
static int change_address(int fd, const char *name, const struct configuration *configuration) {
  if (!configuration->has_address || has_address(fd, name, configuration)) return 0;
  int error = set_up(fd, name, false);
  if (error == 0) error = set_address(fd, name, SIOCSIFADDR, configuration->address.s_addr);
  if (error == 0) error = set_address(fd, name, SIOCSIFNETMASK, mask_of(configuration->prefix));
  return error;
}

static int configure_interface(int fd, const struct configuration *configuration, const char **step) {
  char name[IFNAMSIZ];
  *step = "network interface";
  int error = find_interface(fd, name);
  if (error < 0) return error;
  *step = "mac";
  error = change_mac(fd, name, configuration);
  if (error < 0) return error;
  *step = "mtu";
  error = change_mtu(fd, name, configuration);
  if (error < 0) return error;
  *step = "address";
  error = change_address(fd, name, configuration);
  if (error < 0) return error;
  *step = "network interface";
  error = set_up(fd, name, true);
  if (error < 0 || !configuration->has_gateway) return error;
  *step = "gateway";
  return set_gateway(fd, name, configuration);
}

/* Nobody else can have the address: the second in which the kernel would look for others is saved. */
static void trust_addresses(const char *name) {
  char path[64 + IFNAMSIZ];
  snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/accept_dad", name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "0", 1) < 0) errno = 0;
  close(fd);
}

static int add_address6(int fd, int index, const struct configuration *configuration) {
  struct address6_request address = {.address = configuration->address6, .prefix = configuration->prefix6, .index = index};
  int error = control(fd, SIOCSIFADDR, &address);
  if (error < 0 && error != -EEXIST) return error;
  if (!configuration->has_gateway6) return 0;
  struct route6_request route = {.gateway = configuration->gateway6, .metric = 1024, .flags = RTF_UP | RTF_GATEWAY, .index = index};
  error = control(fd, SIOCADDRT, &route);
  return error == -EEXIST ? 0 : error;
}

/* After the interface is up. What it had before went when it was down, as the IPv4 address changed. A kernel may be without IPv6. */
static int apply6(const struct configuration *configuration, const char **step) {
  char name[IFNAMSIZ];
  struct ifreq interface = {0};
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT ? 0 : -errno;
  *step = "IPv6 address";
  int error = find_interface(fd, name);
  if (error == 0) {
    memcpy(interface.ifr_name, name, sizeof name);
    error = control(fd, SIOCGIFINDEX, &interface);
  }
  if (error == 0) {
    trust_addresses(name);
    error = add_address6(fd, interface.ifr_ifindex, configuration);
  }
  close(fd);
  return error;
}

int network_apply(const struct configuration *configuration, const char **step) {
  *step = "loopback interface";
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int error = set_up(fd, "lo", true);
  bool wanted = configuration->has_address || configuration->has_gateway || configuration->has_mac;
  if (error == 0 && wanted) error = configure_interface(fd, configuration, step);
  close(fd);
  return error == 0 && configuration->has_address6 ? apply6(configuration, step) : error;
}
