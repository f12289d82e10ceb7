#include "copy-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "copy-stream.h"

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

void copy_tree_let_in(int parent, const char *name) {
  if (geteuid() == 0) return;
  int ignored = fchmodat(parent, name, S_IRWXU, 0);
  (void)ignored;
}

void copy_tree_check_replaceable(const struct stat *present) {
  if (S_ISDIR(present->st_mode)) copy_fail(EISDIR, "%s: is a directory already", copy_path());
  if (!S_ISREG(present->st_mode) && !S_ISLNK(present->st_mode)) copy_fail(EEXIST, "%s: is a device, a fifo or a socket", copy_path());
}

void copy_tree_rename(int from, const char *name, int to, const char *new_name) {
  struct stat about;
  /* A directory that moves to another parent has its `..` written. */
  bool locked = geteuid() != 0 && fstatat(from, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(about.st_mode) &&
                (about.st_mode & S_IWUSR) == 0;
  if (locked) copy_tree_let_in(from, name);
  if (renameat(from, name, to, new_name) < 0) copy_fail_here(errno, "cannot be put in place");
  if (!locked) return;
  int ignored = fchmodat(to, new_name, about.st_mode & 07777, 0);
  (void)ignored;
}

static void merge_entry(int from, int to, const char *name, enum merge what) {
  struct stat fresh;
  struct stat present;
  if (fstatat(from, name, &fresh, AT_SYMLINK_NOFOLLOW) < 0) copy_fail_here(errno, "is gone");
  bool absent = fstatat(to, name, &present, AT_SYMLINK_NOFOLLOW) < 0;
  if (absent && errno != ENOENT) copy_fail_here(errno, "cannot be looked at");
  if (!absent && S_ISDIR(fresh.st_mode) && !S_ISDIR(present.st_mode)) copy_fail(ENOTDIR, "%s: is there and no directory", copy_path());
  if (!absent && S_ISDIR(fresh.st_mode)) {
    copy_tree_let_in(from, name);
    int inner = openat(from, name, OPEN_DIRECTORY);
    int target = openat(to, name, OPEN_DIRECTORY);
    if (inner < 0 || target < 0) copy_fail_here(errno, "cannot be opened");
    copy_tree_merge(inner, target, what);
    close(inner);
    close(target);
    if (what == MERGE_MOVE) unlinkat(from, name, AT_REMOVEDIR);
    return;
  }
  if (!absent) copy_tree_check_replaceable(&present);
  if (what == MERGE_MOVE)
    copy_tree_rename(from, name, to, name);
  else if (faccessat(to, ".", W_OK, AT_EACCESS) < 0)
    copy_fail_here(errno, "cannot be put in place");
}

static DIR *list(int fd) {
  int own = openat(fd, ".", OPEN_DIRECTORY);
  DIR *directory = own < 0 ? NULL : fdopendir(own);
  if (directory == NULL && own >= 0) close(own);
  return directory;
}

static const char *next(DIR *directory) {
  struct dirent *entry;
  do entry = readdir(directory);
  while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
  return entry == NULL ? NULL : entry->d_name;
}

void copy_tree_merge(int from, int to, enum merge what) {
  DIR *directory = list(from);
  if (directory == NULL) copy_fail_here(errno, "cannot be listed");
  const char *name;
  while ((name = next(directory)) != NULL) {
    size_t mark = copy_path_enter(name);
    merge_entry(from, to, name, what);
    copy_path_leave(mark);
  }
  closedir(directory);
}

void copy_tree_remove(int parent, const char *name) {
  if (unlinkat(parent, name, 0) == 0 || errno != EISDIR) return;
  copy_tree_let_in(parent, name);
  int fd = openat(parent, name, OPEN_DIRECTORY);
  DIR *directory = fd < 0 ? NULL : list(fd);
  const char *entry;
  while (directory != NULL && (entry = next(directory)) != NULL) copy_tree_remove(fd, entry);
  if (directory != NULL) closedir(directory);
  if (fd >= 0) close(fd);
  unlinkat(parent, name, AT_REMOVEDIR);
}
