/* Who a command runs as: /etc/passwd and /etc/group read directly, no resolver, no NSS. */
#ifndef NOOK_USER_H
#define NOOK_USER_H

#include <stddef.h>
#include <sys/types.h>

#define MAX_GROUPS 256

struct user {
  uid_t uid;
  gid_t gid;
  size_t group_count;
  gid_t groups[MAX_GROUPS];
  char name[128];
  char home[1024];
  char shell[1024];
};

/*
 * `spec`: name, uid, name:group or uid:gid; NULL is the agent's own user, root. A uid without an entry gets group 0
 * and home `/`. With a group in the spec there are no supplementary groups, otherwise all that list the user.
 * NULL, or what is wrong.
 */
const char *user_find(const char *spec, struct user *user);
/* 0 or -errno. For the child, before exec. */
int user_become(const struct user *user);

#endif
