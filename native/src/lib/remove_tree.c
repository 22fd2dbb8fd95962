#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/entries.h"
#include "base/remove_tree.h"
#include "include/liker.h"

int liker_remove_tree (const char *path) {
  return remove_tree_at (AT_FDCWD, path);
}

static int empty_below (int base, const char *path) {
  cleanup_fd int folder = openat (base, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return folder < 0 ? -errno : remove_tree_below (folder);
}

static int holds_only_kept (int base) {
  struct entries entries;
  int kept = 0;
  if (lseek (base, 0, SEEK_SET) < 0)
    return -errno;
  entries_begin (&entries, base);
  for (const char *name; (name = next_entry (&entries)); kept++)
    if (strcmp (name, "log") != 0 && strcmp (name, "work") != 0)
      return 0;
  return errno ? -errno : kept == 2;
}

int liker_empty_container (const char *path) {
  cleanup_fd int base = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (base < 0)
    return -errno;
  int error = remove_tree_at (base, "upper");
  if (!error)
    error = remove_tree_at (base, "work/work/incompat");
  if (!error)
    error = empty_below (base, "log");
  return error ? error : holds_only_kept (base);
}
