/* Masked and read-only paths. A missing path is skipped; any other failure is fatal (T5). */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "step.h"
#include "target.h"

/* 1: found, 0: missing, -1: a failure. */
static int find_target (struct child *child, const char *target, int *fd) {
  int root = child_root (child);
  if (root < 0)
    return -1;
  *fd = in_root_open (root, target, O_PATH);
  if (*fd >= 0)
    return 1;
  return errno == ENOENT ? 0 : fail (child, "openat2", target);
}

static int empty_tmpfs (struct child *child) {
  static const struct option options[] = { { "mode", "0555" }, { "nr_inodes", "1" }, { 0 } };
  return new_tmpfs (child, options, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* All masks share one tmpfs (T21): the first mounts it, the others clone that mount. */
static int mask_directory (struct child *child, int target, const char *name) {
  bool first = child->masked < 0;
  cleanup_fd int tree =
    first ? empty_tmpfs (child) : sys_open_tree (child->masked, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
  if (tree < 0)
    return first ? -1 : fail (child, "open_tree", name);
  if (sys_move_mount (tree, target) < 0)
    return fail (child, "move_mount", name);
  if (first)
    child->masked = steal_fd (&tree);
  return 0;
}

/* Checks the fd that will be mounted: a link or another node at /dev/null is refused (T5). */
static int open_null (struct child *child) {
  struct stat st;
  cleanup_fd int fd = in_root_open (child_root (child), "/dev/null", O_PATH | O_NOFOLLOW);
  if (fd < 0 || fstat (fd, &st) < 0)
    return fail (child, "openat2", "/dev/null");
  if (!S_ISCHR (st.st_mode) || st.st_rdev != makedev (1, 3))
    return fail_with (child, ENODEV, "fstat", "/dev/null");
  return steal_fd (&fd);
}

static int mask_file (struct child *child, int target, const char *name) {
  if (child->null < 0)
    child->null = open_null (child);
  if (child->null < 0)
    return -1;
  cleanup_fd int tree = sys_open_tree (child->null, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
  if (tree < 0)
    return fail (child, "open_tree", "/dev/null");
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", name) : 0;
}

int step_mask (struct child *child, struct cursor *fields) {
  const char *name = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int target = -1;
  struct stat st;
  int found = find_target (child, name, &target);
  if (found <= 0)
    return found;
  if (fstat (target, &st) < 0)
    return fail (child, "fstat", name);
  return S_ISDIR (st.st_mode) ? mask_directory (child, target, name) : mask_file (child, target, name);
}

/* Whether it is the root of a mount (statx(2), since Linux 5.8). */
static bool is_mount_root (int fd) {
  struct statx st;
  return statx (fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* A mount becomes read-only itself, with all mounts below it. Anything else is bound on itself, read-only. */
int step_read_only (struct child *child, struct cursor *fields) {
  const char *name = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int target = -1;
  int found = find_target (child, name, &target);
  if (found <= 0)
    return found;
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
  if (is_mount_root (target))
    return sys_mount_setattr (target, AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0 ? fail (child, "mount_setattr", name) : 0;
  cleanup_fd int tree = sys_open_tree (target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
  if (tree < 0)
    return fail (child, "open_tree", name);
  if (sys_mount_setattr (tree, AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
    return fail (child, "mount_setattr", name);
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", name) : 0;
}
