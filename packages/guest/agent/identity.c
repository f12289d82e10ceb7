#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "machine.h"
#include "network.h"

#define HOSTS_BEGIN "# nook: begin\n"
#define HOSTS_END "# nook: end\n"
#define MAX_HOSTS 65536

static int set_time(const struct configuration *configuration) {
  return configuration->has_time ? machine_set_clock(configuration->time) : 0;
}

static int add_entropy(const struct configuration *configuration) {
  if (configuration->entropy_length == 0) return 0;
  return machine_seed_random(configuration->entropy, configuration->entropy_length);
}

static int open_root(const struct configuration *configuration) {
  (void)configuration;
  return machine_open_root();
}

static int set_hostname(const struct configuration *configuration) {
  if (configuration->hostname[0] == 0) return 0;
  int error = machine_set_hostname(configuration->hostname);
  if (error < 0) return error;
  char line[sizeof configuration->hostname + 1];
  snprintf(line, sizeof line, "%s\n", configuration->hostname);
  /* Not being able to write it down changes nothing for this boot. */
  file_replace("/etc/hostname", line);
  return 0;
}

static int set_machine_id(const struct configuration *configuration) {
  if (configuration->machine_id[0] == 0) return 0;
  char line[sizeof configuration->machine_id + 1];
  snprintf(line, sizeof line, "%s\n", configuration->machine_id);
  int error = file_replace("/etc/machine-id", line);
  static const char second[] = "/var/lib/dbus/machine-id";
  if (error == 0 && file_is_plain(second)) error = file_replace(second, line);
  return error;
}

static int write_resolver(const struct configuration *configuration) {
  if (configuration->nameserver_count == 0 && configuration->search[0] == 0) return 0;
  char search[sizeof configuration->search + 8] = "";
  char servers[MAX_NAMESERVERS * (sizeof configuration->nameservers[0] + 12)] = "";
  char text[sizeof search + sizeof servers];
  if (configuration->search[0] != 0) snprintf(search, sizeof search, "search %s\n", configuration->search);
  for (size_t i = 0; i < configuration->nameserver_count; i++) {
    size_t length = strlen(servers);
    snprintf(servers + length, sizeof servers - length, "nameserver %s\n", configuration->nameservers[i]);
  }
  snprintf(text, sizeof text, "%s%s", search, servers);
  return file_replace("/etc/resolv.conf", text);
}

/* Our block in the text, with its end; NULL when there is none. */
static char *find_block(char *text, char **end) {
  char *begin = strstr(text, HOSTS_BEGIN);
  char *mark = begin == NULL ? NULL : strstr(begin, HOSTS_END);
  if (mark == NULL) return NULL;
  *end = mark + strlen(HOSTS_END);
  return begin;
}

static int write_hosts(const struct configuration *configuration) {
  if (configuration->hostname[0] == 0) return 0;
  char block[512];
  snprintf(block, sizeof block,
           HOSTS_BEGIN "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 %s\n" HOSTS_END,
           configuration->hostname);
  static char present[MAX_HOSTS];
  static char text[MAX_HOSTS];
  long length = file_read("/etc/hosts", present, sizeof present);
  if (length == -ENOENT) return file_replace("/etc/hosts", block);
  /* What stands there otherwise (a link, a file larger than a list of names is) is somebody's own arrangement. */
  if (length < 0 || length >= MAX_HOSTS - 1 - (long)sizeof block || strlen(present) != (size_t)length) return 0;
  char *end = present + length;
  char *begin = find_block(present, &end);
  if (begin == NULL) begin = end;
  const char *line_end = begin > present && begin[-1] != '\n' ? "\n" : "";
  snprintf(text, sizeof text, "%.*s%s%s%s", (int)(begin - present), present, line_end, block, end);
  return file_replace("/etc/hosts", text);
}

int identity_apply(const struct configuration *configuration, char *why, size_t size) {
  static const struct {
    const char *name;
    int (*run)(const struct configuration *configuration);
  } steps[] = {
      /* First what a program that runs already could use in its old state. */
      {"entropy", add_entropy},
      {"clock", set_time},
      {"writable root", open_root},
      {"hostname", set_hostname},
      {"machine id", set_machine_id},
      {"/etc/resolv.conf", write_resolver},
      {"/etc/hosts", write_hosts},
  };
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    int error = steps[i].run(configuration);
    if (error == 0) continue;
    snprintf(why, size, "%s: %s", steps[i].name, strerror(-error));
    return error;
  }
  const char *step;
  int error = shares_mount(configuration->shares, configuration->share_count, &step);
  if (error < 0) {
    snprintf(why, size, "mount %s: %s", step, strerror(-error));
    return error;
  }
  error = network_apply(configuration, &step);
  if (error < 0) snprintf(why, size, "%s: %s", step, strerror(-error));
  return error;
}
