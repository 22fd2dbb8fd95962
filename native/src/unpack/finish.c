#include "finish.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/entries.h"
#include "base/in_root.h"
#include "folder.h"
#include "link.h"

/* Overlayfs takes a character device 0/0 for a whiteout. */
#define WHITEOUT S_IFCHR

static bool is_whiteout (int folder, const char *name) {
  struct stat st;
  return fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR (st.st_mode) && st.st_rdev == 0;
}

/* What this layer has itself stays, whatever the order; a folder then hides what lower layers have in theirs. */
static int add_whiteout (struct tree *tree, size_t text) {
  const char *name = text_at (tree, text), *leaf;
  struct stat st;
  int parent = place_of (&tree->places, name, &leaf);
  /* Below a file of this layer there is nothing to remove. */
  if (parent < 0 && errno == ENOTDIR)
    return 0;
  if (parent < 0)
    return problem_errno (tree->problem, name, "make the folder of");
  if (mknodat (parent, leaf, WHITEOUT, 0) == 0)
    return 0;
  if (errno != EEXIST || fstatat (parent, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return problem_errno (tree->problem, name, "make a whiteout for");
  if (S_ISDIR (st.st_mode) && records_add (&tree->opaque, sizeof text, &text, 1) == SIZE_MAX)
    return out_of_memory (tree, name);
  return 0;
}

/* In an opaque folder they hide nothing, and would be seen as files that cannot be opened. */
static int remove_whiteouts (int folder) {
  struct entries entries;
  entries_begin (&entries, folder);
  for (const char *name; (name = next_entry (&entries));)
    if (is_whiteout (folder, name) && unlinkat (folder, name, 0) < 0)
      return -1;
  return errno ? -1 : 0;
}

static int open_or_make (struct tree *tree, const char *name) {
  const int flags = O_RDONLY | O_DIRECTORY;
  int fd = in_root_open (tree->places.root, *name ? name : ".", flags);
  if (fd >= 0 || errno != ENOENT)
    return fd;
  const char *leaf;
  int parent = place_of (&tree->places, name, &leaf);
  if (parent < 0 || mkdirat (parent, leaf, 0755) < 0)
    return -1;
  return openat (parent, leaf, flags | O_NOFOLLOW | O_CLOEXEC);
}

static int add_opaque (struct tree *tree, const char *name) {
  cleanup_fd int folder = open_or_make (tree, name);
  if (folder < 0 && errno == ENOTDIR)
    return 0;
  if (folder < 0 || remove_whiteouts (folder) < 0 || mark_opaque (tree->marker, folder) < 0)
    return problem_errno (tree->problem, name, "make an opaque folder of");
  return 0;
}

int finish_tree (struct tree *tree) {
  if (add_late_links (tree) < 0)
    return -1;
  for (size_t i = 0; i < tree->whiteouts.count; i++)
    if (add_whiteout (tree, ((const size_t *)tree->whiteouts.items)[i]) < 0 || check_entries (tree) < 0)
      return -1;
  for (size_t i = 0; i < tree->opaque.count; i++)
    if (add_opaque (tree, text_at (tree, ((const size_t *)tree->opaque.items)[i])) < 0)
      return -1;
  return check_entries (tree) < 0 ? -1 : finish_folders (tree);
}
