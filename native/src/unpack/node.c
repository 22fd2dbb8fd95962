#include "node.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "owner.h"

/* Longer ones take a block of their own on ext4 and xfs. */
#define INLINE_LINK 60

static int make (const struct entry *entry, const struct place *place) {
  if (entry->type == S_IFLNK)
    return symlinkat (entry->target ? entry->target : "", place->parent, place->leaf);
  return mknodat (place->parent, place->leaf, entry->type | (entry->mode & 0777), entry->device);
}

/* Only the host's root may make devices. Without them a root works as well: a container gets its own /dev. */
static bool is_left_out (const struct entry *entry, int error) {
  return error == EPERM && (entry->type == S_IFCHR || entry->type == S_IFBLK);
}

static int set_metadata (struct tree *tree, const struct entry *entry, const struct place *place) {
  const struct timespec times[2] = { entry->mtime, entry->mtime };
  if (fchownat (place->parent, place->leaf, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
    return owner_refused (tree->problem, place->name, entry->uid, entry->gid);
  /* The mode of a link means nothing, and makers write any. */
  if (entry->type != S_IFLNK && entry->mode & 07000 && fchmodat (place->parent, place->leaf, entry->mode, 0) < 0)
    return problem_errno (tree->problem, place->name, "set the mode of");
  return utimensat (place->parent, place->leaf, times, AT_SYMLINK_NOFOLLOW) < 0
           ? problem_errno (tree->problem, place->name, "set the time of")
           : 0;
}

static void count_blocks (struct tree *tree, const struct entry *entry, const struct place *place) {
  struct stat st;
  if (entry->type == S_IFLNK && strlen (entry->target) >= INLINE_LINK &&
      fstatat (place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) == 0)
    tree->disk_bytes += (uint64_t)st.st_blocks * 512;
}

int add_node (struct tree *tree, const struct entry *entry, const struct place *place) {
  int made = make (entry, place);
  if (made < 0 && errno == EEXIST) {
    if (clear_place (tree, place) < 0)
      return -1;
    made = make (entry, place);
  }
  if (made < 0 && is_left_out (entry, errno))
    return 0;
  if (made < 0 && entry->type == S_IFLNK && errno == ENOENT)
    return problem_put (tree->problem, BAD_ARCHIVE, place->name, "Cannot unpack '%s': it is a link to nothing", place->name);
  if (made < 0)
    return problem_errno (tree->problem, place->name, "create");
  count_blocks (tree, entry, place);
  return set_metadata (tree, entry, place);
}
