#include "place.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/remove_tree.h"

/* Its contents are in the recipe. */
static int set_aside (struct tree *tree, const struct place *place) {
  char name[PATH_MAX];
  uint64_t number;
  if (aside_take (&tree->aside, tree->places.root, place->parent, place->leaf, &number) < 0)
    return problem_errno (tree->problem, place->name, "replace");
  /* Without a name that is short enough it is not in the recipe. */
  return real_name (&tree->places, place->parent, place->leaf, name) ? recorder_moved (tree->tar->recorder, name, number) : 0;
}

int clear_place (struct tree *tree, const struct place *place) {
  struct stat st;
  if (fstatat (place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : problem_errno (tree->problem, place->name, "replace");
  if (tree->is_shared && S_ISDIR (st.st_mode))
    return problem_put (tree->problem, BAD_ARCHIVE, place->name, "Cannot replace the directory '%s' by what is not one", place->name);
  if (S_ISDIR (st.st_mode) || S_ISLNK (st.st_mode))
    places_forget (&tree->places);
  if (S_ISREG (st.st_mode) && st.st_nlink == 1)
    tree->disk_bytes -= (uint64_t)st.st_blocks * 512;
  if (tree->tar->recorder && (S_ISDIR (st.st_mode) || S_ISREG (st.st_mode)))
    return set_aside (tree, place);
  errno = -remove_tree_at (place->parent, place->leaf);
  return errno ? problem_errno (tree->problem, place->name, "replace") : 0;
}
