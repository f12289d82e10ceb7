/* Who a command runs as: /etc/passwd and /etc/group read directly, no resolver, no NSS. */
#ifndef NOOK_USER_H
#define NOOK_USER_H

#include <stddef.h>
#include <sys/types.h>

#define MAX_GROUPS 256
#define USER_NAME_SIZE 128
#define USER_HOME_SIZE 1024

struct user {
  uid_t uid;
  gid_t gid;
  size_t group_count;
  gid_t groups[MAX_GROUPS];
  char name[USER_NAME_SIZE];
  char home[USER_HOME_SIZE];
  char shell[USER_HOME_SIZE];
};

/* A file of accounts while it is read. */
struct account_lines {
  int fd;
  size_t at;
  size_t length;
  char bytes[65536];
};

/*
 * `spec`: name, uid, name:group or uid:gid; NULL is the agent's own user, root. A uid without an entry gets group 0
 * and home `/`. With a group in the spec there are no supplementary groups, otherwise all that list the user.
 * NULL, or what is wrong.
 */
const char *user_find(const char *spec, struct user *user, struct account_lines *lines);
/* 0 or -errno. For the child, before exec. */
int user_become(const struct user *user);

#endif
