/* The new root: mounted in the child's private mount namespace, then made "/" by pivot_root. */
#define _GNU_SOURCE
#include <fcntl.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "child.h"

int step_propagation (struct child *child, struct cursor *fields) {
  uint32_t flags = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  return sys_mount (NULL, "/", NULL, flags, NULL) < 0 ? fail (child, "mount", "/") : 0;
}

static int enter_root (struct child *child, int root) {
  close_fd (&child->root);
  child->root = root;
  return 0;
}

int step_root_overlay (struct child *child, struct cursor *fields) {
  const char *at = read_text (fields);
  const char *options = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  if (sys_mount ("overlay", at, "overlay", 0, options) < 0)
    return fail (child, "mount", at);
  int root = open (at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return root < 0 ? fail (child, "open", at) : enter_root (child, root);
}

int step_root_bind (struct child *child, struct cursor *fields) {
  const char *at = read_text (fields);
  const char *source = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, source, OPEN_TREE_CLONE | AT_RECURSIVE);
  if (tree < 0)
    return fail (child, "open_tree", source);
  cleanup_fd int target = open (at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (target < 0)
    return fail (child, "open", at);
  if (sys_move_mount (tree, target) < 0)
    return fail (child, "move_mount", at);
  return enter_root (child, steal_fd (&tree));
}

/* pivot_root(2), NOTES: "." for both stacks the old root on the new one, where it can be detached (T54). */
int step_pivot (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  int root = child_root (child);
  if (root < 0)
    return -1;
  if (fchdir (root) < 0)
    return fail (child, "fchdir", "new root");
  if (sys_pivot_root (".", ".") < 0)
    return fail (child, "pivot_root", ".");
  if (sys_umount2 (".", MNT_DETACH) < 0)
    return fail (child, "umount2", ".");
  if (chdir ("/") < 0)
    return fail (child, "chdir", "/");
  close_fd (&child->root);
  child->pivoted = true;
  return 0;
}

int step_root_read_only (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  int root = child_root (child);
  if (root < 0)
    return -1;
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
  return sys_mount_setattr (root, AT_EMPTY_PATH, &attr) < 0 ? fail (child, "mount_setattr", "/") : 0;
}
