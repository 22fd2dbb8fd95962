/*
 * /sys/fs/cgroup with a hierarchy in each folder. The tmpfs is new, and no other process can reach it before the container
 * runs, so names in it need no safe lookup: four calls per hierarchy.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "step.h"
#include "target.h"

/* Returns the root of the new mount. */
static int mount_top (struct child *child, const char *target) {
  static const struct option options[] = { { "source", "cgroup" }, { "mode", "0755" }, { "size", "64k" }, { 0 } };
  int root = child_root (child);
  if (root < 0)
    return -1;
  cleanup_fd int tree = new_tmpfs (child, options, 0);
  if (tree < 0)
    return -1;
  cleanup_fd int at = in_root_make (root, target, IN_ROOT_DIRECTORY, 0755);
  if (at < 0)
    return fail (child, "mkdirat", target);
  return sys_move_mount (tree, at) < 0 ? fail (child, "move_mount", target) : steal_fd (&tree);
}

static int bind_hierarchy (struct child *child, int top, const char *name, const char *source) {
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, source, OPEN_TREE_CLONE);
  if (tree < 0)
    return fail (child, "open_tree", source);
  if (mkdirat (top, name, 0755) < 0)
    return fail (child, "mkdirat", name);
  return sys_move_mount_at (tree, top, name) < 0 ? fail (child, "move_mount", name) : 0;
}

static int make_writable (struct child *child, int top, const char *name) {
  struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
  cleanup_fd int folder = openat (top, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return fail (child, "openat", name);
  return sys_mount_setattr (folder, AT_EMPTY_PATH, &attr) < 0 ? fail (child, "mount_setattr", name) : 0;
}

int step_cgroups (struct child *child, struct cursor *fields) {
  const char *target = read_text (fields);
  struct mount_attr attr = { .attr_set = read_u32 (fields), .propagation = MS_PRIVATE };
  cleanup_fd int top = mount_top (child, target);
  if (top < 0)
    return -1;
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--) {
    const char *name = read_text (fields);
    if (bind_hierarchy (child, top, name, read_text (fields)) < 0)
      return -1;
  }
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--) {
    const char *name = read_text (fields);
    if (symlinkat (read_text (fields), top, name) < 0)
      return fail (child, "symlinkat", name);
  }
  if (sys_mount_setattr (top, AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
    return fail (child, "mount_setattr", target);
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--)
    if (make_writable (child, top, read_text (fields)) < 0)
      return -1;
  return unreadable (child, fields) ? -1 : 0;
}
