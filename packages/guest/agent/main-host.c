/*
 * The agent's loop over an inherited descriptor, for tests on a host: `nook-agent --serve-fd N --root DIR [--network]`.
 * Files of the guest's identity are written below DIR; what would act on the machine (clock, host name, mounts, power) is
 * not linked in, and noted in DIR/did instead. So is the network, which is configured with `--network` alone: in a network
 * namespace of its own.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "files.h"
#include "handover.h"
#include "machine.h"
#include "network.h"
#include "power.h"
#include "root-growth.h"
#include "serve.h"
#include "session.h"
#include "shares.h"

static bool going_off, own_network;
static int notes = -1;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vdprintf(notes, format, arguments);
  va_end(arguments);
}

int machine_set_clock(uint64_t nanoseconds) {
  note("set the clock: %llu\n", (unsigned long long)nanoseconds);
  return 0;
}

int machine_seed_random(const uint8_t *bytes, size_t size) {
  unsigned sum = 0;
  for (size_t i = 0; i < size; i++) sum += bytes[i];
  note("seed: %zu bytes, sum %u\n", size, sum);
  return 0;
}

int machine_set_hostname(const char *name) {
  note("set the host name: %s\n", name);
  return 0;
}

int machine_open_root(void) {
  note("open the root\n");
  return 0;
}

int root_await_growth(uint64_t bytes, void (*done)(int error, const char *why), const char **why) {
  (void)done, (void)why;
  note("fill a disk of %llu bytes\n", (unsigned long long)bytes);
  return 0;
}

void root_forget_growth(void) {}

bool root_grow_on(void) { return false; }

/* The linker's names, with --wrap: of this one where network_apply is called, and of network.c's. */
int __wrap_network_apply(const struct configuration *configuration, const char **step);
int __real_network_apply(const struct configuration *configuration, const char **step);

int __wrap_network_apply(const struct configuration *configuration, const char **step) {
  if (own_network) return __real_network_apply(configuration, step);
  char text[INET6_ADDRSTRLEN];
  *step = "";
  if (configuration->has_mac) {
    const uint8_t *mac = configuration->mac;
    note("set the mac: %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  }
  if (configuration->mtu != 0) note("set the mtu: %d\n", configuration->mtu);
  if (configuration->has_address && inet_ntop(AF_INET, &configuration->address, text, sizeof text) != NULL)
    note("set the address: %s/%d\n", text, configuration->prefix);
  if (configuration->has_gateway && inet_ntop(AF_INET, &configuration->gateway, text, sizeof text) != NULL)
    note("set the gateway: %s\n", text);
  if (configuration->has_address6 && inet_ntop(AF_INET6, &configuration->address6, text, sizeof text) != NULL)
    note("set the address: %s/%d\n", text, configuration->prefix6);
  if (configuration->has_gateway6 && inet_ntop(AF_INET6, &configuration->gateway6, text, sizeof text) != NULL)
    note("set the gateway: %s\n", text);
  return 0;
}

int handover_begin(void (*done)(int error, const char *why), char *why, size_t size) {
  (void)done, (void)why, (void)size;
  note("hand over\n");
  return 0;
}

int shares_mount(const struct share *shares, size_t count, const char **which) {
  (void)which;
  for (size_t i = 0; i < count; i++)
    note("mount %s on %s%s\n", shares[i].tag, shares[i].target, shares[i].read_only ? ", read-only" : "");
  return 0;
}

bool handover_is_done(void) { return false; }

void power_off_after(uint32_t grace_milliseconds) {
  (void)grace_milliseconds;
  going_off = true;
}

bool power_is_going_off(void) { return going_off; }

int power_timeout(void) { return going_off ? 0 : -1; }

void power_step(bool alone) {
  (void)alone;
  sessions_abandon();
  exit(0);
}

int main(int argc, char **argv) {
  own_network = argc == 6 && strcmp(argv[5], "--network") == 0;
  if (argc != (own_network ? 6 : 5) || strcmp(argv[1], "--serve-fd") != 0 || strcmp(argv[3], "--root") != 0) {
    fprintf(stderr, "usage: nook-agent --serve-fd N --root DIR [--network]\n");
    return 64;
  }
  int fd = atoi(argv[2]);
  files_below(argv[4]);
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%.4000s/did", argv[4]);
  notes = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    console_log("descriptor %d: %s", fd, "not open");
    return 64;
  }
  int error = serve_prepare();
  if (error == 0) error = serve_open(fd, false);
  if (error < 0) {
    console_log("the agent cannot start: %s", strerror(-error));
    return 1;
  }
  serve_run();
  return 0;
}
