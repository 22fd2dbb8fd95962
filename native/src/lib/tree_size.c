#include <fcntl.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/entries.h"
#include "include/liker.h"

/* Deeper folders are not counted: a container's tree must not use up the stack. */
#define MAX_DEPTH 2048

static int64_t size_of (int folder, const char *name, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int64_t size_of_entries (int folder, int depth) {
  int64_t bytes = 0;
  struct entries entries;
  entries_begin (&entries, folder);
  for (const char *name; (name = next_entry (&entries));)
    bytes += size_of (folder, name, depth);
  return bytes;
}

/* An entry that is removed meanwhile has size 0. */
/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int64_t size_of (int folder, const char *name, int depth) {
  struct stat st;
  if (fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return 0;
  if (!S_ISDIR (st.st_mode))
    return st.st_size;
  cleanup_fd int child = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return child < 0 || !depth ? 0 : size_of_entries (child, depth - 1);
}

int64_t liker_tree_size (const char *path) {
  return size_of (AT_FDCWD, path, MAX_DEPTH);
}
