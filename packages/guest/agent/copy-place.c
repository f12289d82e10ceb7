#include "copy-place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy-stream.h"
#include "copy-tree.h"

static void choose_staged_name(struct copy_place *place) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) number = (uint64_t)getpid();
  snprintf(place->staged, sizeof place->staged, ".nook-cp-%016llx", (unsigned long long)number);
}

static int open_directory(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) copy_fail(errno, "%s: %s", path, strerror(errno));
  return fd;
}

/* The directory of the path and the name in it. */
static void split(struct copy_place *place, const struct errand *errand) {
  size_t length = strlen(errand->path);
  if (errand->directory_only || length == 0 || errand->path[length - 1] == '/')
    copy_fail(ENOENT, "%s: is no directory", errand->path);
  char copy[sizeof errand->path];
  memcpy(copy, errand->path, sizeof copy);
  const char *name = basename(copy);
  if (!copy_name_fits(name, strlen(name))) copy_fail(EINVAL, "%s: cannot be the name of a copy", errand->path);
  memcpy(place->final, name, strlen(name) + 1);
  memcpy(copy, errand->path, sizeof copy);
  place->into = open_directory(dirname(copy));
}

void copy_place_find(struct copy_place *place, const struct errand *errand, bool tree) {
  memset(place, 0, sizeof *place);
  choose_staged_name(place);
  const char *path = errand->path[0] == 0 ? "." : errand->path;
  struct stat about;
  bool is_directory = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
  if (!is_directory) {
    split(place, errand);
  } else {
    place->into = open_directory(path);
    memcpy(place->final, errand->name, sizeof place->final);
    place->merge = place->final[0] == 0;
    if (place->merge && !tree) copy_fail(EISDIR, "%s: is a directory", path);
  }
  copy_path_enter(path);
  if (place->merge) return;
  if (is_directory) copy_path_enter(place->final);
  if (fstatat(place->into, place->final, &about, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno != ENOENT) copy_fail_here(errno, "cannot be looked at");
    return;
  }
  if (tree && S_ISDIR(about.st_mode)) {
    int target = openat(place->into, place->final, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0) copy_fail_here(errno, "cannot be opened");
    close(place->into);
    place->into = target;
    place->merge = true;
  } else if (tree) {
    copy_fail(ENOTDIR, "%s: is there and no directory", copy_path());
  } else {
    copy_tree_check_replaceable(&about);
  }
}

void copy_place_commit(const struct copy_place *place) {
  /* A machine that is switched off after the renames must not come back with empty files under the final names. */
  if (syncfs(place->into) < 0) copy_fail_here(errno, "cannot be written to the disk");
  if (place->merge) {
    copy_tree_let_in(place->into, place->staged);
    int staged = openat(place->into, place->staged, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (staged < 0) copy_fail_here(errno, "is gone");
    copy_tree_merge(staged, place->into, MERGE_CHECK);
    copy_tree_merge(staged, place->into, MERGE_MOVE);
    close(staged);
    unlinkat(place->into, place->staged, AT_REMOVEDIR);
  } else {
    copy_tree_rename(place->into, place->staged, place->into, place->final);
  }
  fsync(place->into);
}

void copy_place_remove(const struct copy_place *place) { copy_tree_remove(place->into, place->staged); }
