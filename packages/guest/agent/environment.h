/* The environment of a command: the host's entries over the defaults. */
#ifndef NOOK_ENVIRONMENT_H
#define NOOK_ENVIRONMENT_H

#include "exec-request.h"
#include "user.h"

/* NULL-terminated; NULL when out of memory. Of several entries with one name the last counts. */
char **environment_build(const struct exec_request *request, const struct user *user);
const char *environment_get(char *const *environment, const char *name);

#endif
