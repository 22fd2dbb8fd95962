#include "remove_tree.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "cleanup.h"
#include "entries.h"
#include "text.h"

/* Folders below this depth are first moved up: a container's tree must not use up the stack or the fds, and must not be left. */
#define MAX_DEPTH 64

static int remove_entries (int folder, int top, int depth);

/* Moves it to a new name in `top`, whose entries are read until there are none. The name may be that of an empty folder. */
static int move_up (int folder, const char *name, int top) {
  char free_name[32];
  for (uint64_t number = 0;; number++) {
    put_number (put_text (free_name, "deep."), number);
    if (renameat (folder, name, top, free_name) == 0)
      return 0;
    if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
      return -errno;
  }
}

/* An entry that another process removes meanwhile is no error. `top` is the folder at the top, or -1 for that one itself. */
/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int remove_entry (int folder, const char *name, int top, int depth) {
  if (unlinkat (folder, name, 0) == 0 || errno == ENOENT)
    return 0;
  if (errno != EISDIR && errno != EPERM)
    return -errno;
  int failure = errno;
  cleanup_fd int child = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (child < 0)
    return errno == ENOENT ? 0 : errno == ENOTDIR ? -failure : -errno;
  int error = depth ? remove_entries (child, top < 0 ? child : top, depth - 1) : move_up (folder, name, top);
  if (error)
    return error;
  return unlinkat (folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Returns the first failure, but removes the rest all the same. */
/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int remove_entries (int folder, int top, int depth) {
  int first = 0;
  struct entries entries;
  for (int again = 1; again && !first;) {
    /* Removals invalidate the position in a folder, so it is read from its start until it is empty. */
    again = 0;
    if (lseek (folder, 0, SEEK_SET) < 0)
      return -errno;
    entries_begin (&entries, folder);
    for (const char *name; (name = next_entry (&entries)); again = 1) {
      int error = remove_entry (folder, name, top, depth);
      if (error && !first)
        first = error;
    }
    if (errno)
      return -errno;
  }
  return first;
}

int remove_tree_at (int folder, const char *name) { return remove_entry (folder, name, -1, MAX_DEPTH); }

int remove_tree_below (int folder) { return remove_entries (folder, folder, MAX_DEPTH); }
