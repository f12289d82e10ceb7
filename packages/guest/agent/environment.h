/* The environment of a command: the host's entries over the defaults. */
#ifndef NOOK_ENVIRONMENT_H
#define NOOK_ENVIRONMENT_H

#include "exec-request.h"
#include "user.h"

/* The entries that depend on the user. */
struct environment_defaults {
  char home[USER_HOME_SIZE + 8];
  char user[USER_NAME_SIZE + 8];
  char logname[USER_NAME_SIZE + 8];
  char shell[USER_HOME_SIZE + 8];
};

/* Fills `request->environment`. Of several entries with one name the last counts. */
void environment_build(struct exec_request *request, const struct user *user, struct environment_defaults *defaults);
const char *environment_get(char *const *environment, const char *name);

#endif
