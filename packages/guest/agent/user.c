#include "user.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "direct.h"

/* A decimal number as an id; the highest value means "none" to the kernel. */
static bool parse_id(const char *text, unsigned *id) {
  if (*text == 0) return false;
  unsigned long value = 0;
  for (; *text != 0; text++) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (unsigned long)(*text - '0');
    if (value >= 0xffffffffUL) return false;
  }
  *id = (unsigned)value;
  return true;
}

static void copy(char *to, size_t size, const char *from) {
  size_t length = strlen(from);
  if (length >= size) length = size - 1;
  memcpy(to, from, length);
  to[length] = 0;
}

static bool open_lines(struct account_lines *lines, const char *path) {
  lines->fd = direct_open(path, O_RDONLY | O_CLOEXEC);
  lines->at = lines->length = 0;
  return lines->fd >= 0;
}

/* Whether there was more to read behind what is kept. */
static bool read_on(struct account_lines *lines) {
  lines->length -= lines->at;
  memmove(lines->bytes, lines->bytes + lines->at, lines->length);
  lines->at = 0;
  long got = direct_read(lines->fd, lines->bytes + lines->length, sizeof lines->bytes - 1 - lines->length);
  if (got > 0) lines->length += (size_t)got;
  return got > 0;
}

/* The next line; NULL at the end. One that is longer than any is skipped, for its rest would pass for a line. */
static char *next_line(struct account_lines *lines) {
  bool skipping = false;
  while (1) {
    char *line = lines->bytes + lines->at;
    char *end = memchr(line, '\n', lines->length - lines->at);
    if (end != NULL) {
      *end = 0;
      lines->at = (size_t)(end + 1 - lines->bytes);
      if (!skipping) return line;
      skipping = false;
    } else if (lines->length - lines->at == sizeof lines->bytes - 1) {
      skipping = true;
      lines->at = lines->length;
    } else if (!read_on(lines)) {
      if (skipping || lines->length == 0) return NULL;
      lines->bytes[lines->length] = 0;
      lines->at = lines->length;
      return lines->bytes;
    }
  }
}

/* The colon-separated fields of a line in place; the number found, at most `max`. */
static size_t split(char *line, char **parts, size_t max) {
  line[strcspn(line, "\r")] = 0;
  size_t count = 0;
  while (count < max) {
    parts[count++] = line;
    line = strchr(line, ':');
    if (line == NULL) break;
    *line++ = 0;
  }
  return count;
}

static bool find_passwd(const char *name, bool numeric, unsigned uid, struct user *user, struct account_lines *lines) {
  if (!open_lines(lines, "/etc/passwd")) return false;
  char *line;
  bool found = false;
  bool by_number = false;
  while (!found && (line = next_line(lines)) != NULL) {
    char *parts[7];
    unsigned entry_uid;
    unsigned entry_gid;
    if (split(line, parts, 7) < 7 || !parse_id(parts[2], &entry_uid) || !parse_id(parts[3], &entry_gid)) continue;
    found = strcmp(parts[0], name) == 0;
    bool number_fits = numeric && !by_number && entry_uid == uid;
    if (!found && !number_fits) continue;
    by_number = by_number || number_fits;
    user->uid = entry_uid;
    user->gid = entry_gid;
    copy(user->name, sizeof user->name, parts[0]);
    copy(user->home, sizeof user->home, parts[5][0] == 0 ? "/" : parts[5]);
    copy(user->shell, sizeof user->shell, parts[6][0] == 0 ? "/bin/sh" : parts[6]);
  }
  direct_close(lines->fd);
  return found || by_number;
}

static bool lists(char *members, const char *name) {
  char *rest = members;
  for (char *member = strtok_r(members, ",", &rest); member != NULL; member = strtok_r(NULL, ",", &rest))
    if (strcmp(member, name) == 0) return true;
  return false;
}

static void find_supplementary(struct user *user, struct account_lines *lines) {
  user->groups[user->group_count++] = user->gid;
  if (!open_lines(lines, "/etc/group")) return;
  char *line;
  while (user->group_count < MAX_GROUPS && (line = next_line(lines)) != NULL) {
    /* Most lines have nothing to do with the user, and splitting them takes time. */
    if (strstr(line, user->name) == NULL) continue;
    char *parts[4];
    unsigned gid;
    if (split(line, parts, 4) < 4 || !parse_id(parts[2], &gid) || gid == user->gid) continue;
    if (lists(parts[3], user->name)) user->groups[user->group_count++] = gid;
  }
  direct_close(lines->fd);
}

static bool find_group(const char *name, gid_t *gid, struct account_lines *lines) {
  bool opened = open_lines(lines, "/etc/group");
  bool found = false;
  char *line;
  while (opened && !found && (line = next_line(lines)) != NULL) {
    char *parts[4];
    unsigned entry_gid;
    if (split(line, parts, 4) < 3 || !parse_id(parts[2], &entry_gid)) continue;
    found = strcmp(parts[0], name) == 0;
    if (found) *gid = entry_gid;
  }
  if (opened) direct_close(lines->fd);
  unsigned number;
  if (!found && parse_id(name, &number)) {
    *gid = number;
    found = true;
  }
  return found;
}

const char *user_find(const char *spec, struct user *user, struct account_lines *lines) {
  *user = (struct user){0};
  char name[sizeof user->name];
  /* The agent's own user: root, but in the test variant. */
  snprintf(name, sizeof name, "%u", geteuid());
  if (spec != NULL && strlen(spec) >= sizeof name) return "a name longer than any user's";
  if (spec != NULL && *spec != 0) copy(name, sizeof name, spec);
  char *group = strchr(name, ':');
  if (group != NULL) *group++ = 0;

  unsigned uid = 0;
  bool numeric = parse_id(name, &uid);
  if (!find_passwd(name, numeric, uid, user, lines)) {
    bool root = strcmp(name, "root") == 0;
    if (!numeric && !root) return "no such user";
    user->uid = uid;
    copy(user->name, sizeof user->name, uid == 0 ? "root" : name);
    copy(user->home, sizeof user->home, "/");
    copy(user->shell, sizeof user->shell, "/bin/sh");
  }
  if (group == NULL) {
    find_supplementary(user, lines);
    return NULL;
  }
  if (!find_group(group, &user->gid, lines)) return "no such group";
  user->groups[user->group_count++] = user->gid;
  return NULL;
}

int user_become(const struct user *user) {
  /* Nothing to change, and no right needed to change nothing: the unprivileged test variant. */
  if (geteuid() != 0 && user->uid == geteuid()) return 0;
  long error = direct(SYS_setgroups, (long)user->group_count, (long)user->groups, 0, 0);
  if (error == 0) error = direct(SYS_setresgid, user->gid, user->gid, user->gid, 0);
  if (error == 0) error = direct(SYS_setresuid, user->uid, user->uid, user->uid, 0);
  return (int)error;
}
