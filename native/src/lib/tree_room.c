#include <fcntl.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/entries.h"
#include "include/liker.h"

/* Deeper folders are not counted: a container's tree must not use up the stack. */
#define MAX_DEPTH 2048

/* A file with several names is counted in parts, one by each name. The links of a folder are its subfolders. */
static double room_of (const struct stat *st) {
  double bytes = (double)st->st_blocks * 512;
  return S_ISDIR (st->st_mode) || st->st_nlink < 2 ? bytes : bytes / (double)st->st_nlink;
}

static double size_of (int folder, const char *name, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static double size_of_entries (int folder, int depth) {
  double bytes = 0;
  struct entries entries;
  entries_begin (&entries, folder);
  for (const char *name; (name = next_entry (&entries));)
    bytes += size_of (folder, name, depth);
  return bytes;
}

/* An entry that is removed meanwhile takes no room. */
/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static double size_of (int folder, const char *name, int depth) {
  struct stat st;
  if (fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return 0;
  double bytes = room_of (&st);
  if (!S_ISDIR (st.st_mode))
    return bytes;
  cleanup_fd int child = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return child < 0 || !depth ? bytes : bytes + size_of_entries (child, depth - 1);
}

int64_t liker_tree_room (const char *path) {
  return (int64_t)(size_of (AT_FDCWD, path, MAX_DEPTH) + 0.5);
}
