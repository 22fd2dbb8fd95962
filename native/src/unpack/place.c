#include "place.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/remove_tree.h"

int clear_place (struct tree *tree, const struct place *place) {
  struct stat st;
  if (fstatat (place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : problem_errno (tree->problem, place->name, "replace");
  tree->replaced = true;
  if (S_ISDIR (st.st_mode) || S_ISLNK (st.st_mode))
    places_forget (&tree->places);
  if (S_ISREG (st.st_mode) && st.st_nlink == 1)
    tree->disk_bytes -= (uint64_t)st.st_blocks * 512;
  errno = -remove_tree_at (place->parent, place->leaf);
  return errno ? problem_errno (tree->problem, place->name, "replace") : 0;
}
