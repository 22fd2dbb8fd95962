/* The new root: mounted in the child's private mount namespace, then made "/" by pivot_root. */
#include <fcntl.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "overlay.h"
#include "step.h"
#include "target.h"

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

static int mount_overlay (struct child *child, const char *at, const char *options) {
  if (sys_mount ("overlay", at, "overlay", 0, options) < 0)
    return fail (child, "mount", at);
  int root = open (at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return root < 0 ? fail (child, "open", at) : enter_root (child, root);
}

static int bind_root (struct child *child, const char *at, int tree) {
  cleanup_fd int target = open (at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (target < 0)
    return fail (child, "open", at);
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", at) : 0;
}

static int open_folder (struct child *child, const char *path) {
  int folder = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return folder < 0 ? fail (child, "open", path) : folder;
}

static int open_lowers (struct child *child, struct overlay *overlay, struct cursor *fields) {
  uint32_t count = read_u32 (fields);
  if (count > MAX_LOWERS)
    return fail_with (child, E2BIG, "fsconfig", "overlay");
  for (; overlay->count < count && !fields->bad; overlay->count++) {
    overlay->lowers[overlay->count] = open_folder (child, read_text (fields));
    if (overlay->lowers[overlay->count] < 0)
      return -1;
  }
  return 0;
}

/* With names, the only lower folder is where they are. */
static int find_folder (struct child *child, struct overlay *overlay) {
  if (overlay->name_count == 0)
    return 0;
  if (overlay->count != 1 || overlay->name_count > MAX_LOWERS)
    return fail_with (child, overlay->count == 1 ? E2BIG : EBADMSG, "read", "plan");
  overlay->folder = overlay->lowers[0];
  overlay->count = 0;
  return 0;
}

static int open_layer (struct child *child, const char *layer, const char *name) {
  cleanup_fd int folder = open_folder (child, layer);
  if (folder < 0)
    return -1;
  int inner = openat (folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return inner < 0 ? fail (child, "openat", name) : inner;
}

static int put_root (struct child *child, int context, const char *at) {
  if (sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail (child, "fsconfig", "overlay");
  cleanup_fd int tree = sys_fsmount (context, 0);
  if (tree < 0)
    return fail (child, "fsmount", "overlay");
  return bind_root (child, at, tree);
}

/* The older way leaves the working directory, which later steps need. */
static int mount_from_descriptors (struct child *child, struct overlay *overlay, const char *at) {
  cleanup_fd int here = open_folder (child, ".");
  if (here < 0 || overlay_mount (child, overlay, at) < 0)
    return -1;
  return fchdir (here) < 0 ? fail (child, "fchdir", ".") : 0;
}

static int mount_root (struct child *child, struct overlay *overlay, const char *at) {
  cleanup_fd int context = overlay_context (child, overlay);
  if (context >= 0 && put_root (child, context, at) == 0)
    return 0;
  return overlay_is_refusal (child->failure.error) ? mount_from_descriptors (child, overlay, at) : -1;
}

static int enter_overlay (struct child *child, struct overlay *overlay, const char *at) {
  if (mount_root (child, overlay, at) < 0)
    return -1;
  cleanup_fd int root = open_folder (child, at);
  if (root < 0 || overlay_check_writable (child, root) < 0)
    return -1;
  return enter_root (child, steal_fd (&root));
}

int step_root_overlay (struct child *child, struct cursor *fields) {
  struct overlay overlay = { .folder = -1, .upper = -1, .work = -1 };
  const char *at = read_text (fields);
  int result = open_lowers (child, &overlay, fields);
  if (result == 0) {
    overlay.name_count = read_u32 (fields);
    overlay.names = *fields;
    for (uint32_t i = 0; i < overlay.name_count && !fields->bad; i++)
      read_text (fields);
    result = find_folder (child, &overlay);
  }
  const char *layer = result < 0 ? "" : read_text (fields);
  overlay.is_volatile = read_u32 (fields);
  overlay.has_user_xattr = read_u32 (fields);
  if (result == 0 && !unreadable (child, fields)) {
    cleanup_fd int upper = open_layer (child, layer, "upper");
    cleanup_fd int work = upper < 0 ? -1 : open_layer (child, layer, "work");
    overlay.upper = upper;
    overlay.work = work;
    result = work < 0 ? -1 : enter_overlay (child, &overlay, at);
  } else
    result = -1;
  close_fd (&overlay.folder);
  for (uint32_t i = 0; i < overlay.count; i++)
    close_fd (&overlay.lowers[i]);
  return result;
}

/* False if a target is missing. After another error, the target's own step will report it. */
static bool has_targets (int root, struct cursor *needs, uint32_t count) {
  bool all = true;
  for (uint32_t i = 0; i < count && !needs->bad; i++) {
    cleanup_fd int fd = in_root_open (root, read_text (needs), O_PATH);
    if (fd < 0 && errno == ENOENT)
      all = false;
  }
  return all;
}

/* An overlay does not show the mounts below its lower folder, so each is bound again, read-only like the rest. */
static int bind_below (struct child *child, const char *source, const char *path) {
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
  cleanup_fd int from = open (source, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (from < 0)
    return fail (child, "open", source);
  cleanup_fd int there = in_root_open (from, path, O_PATH);
  if (there < 0)
    return errno == ENOENT ? 0 : fail (child, "openat2", path); /* another mount hides it */
  cleanup_fd int tree = sys_open_tree (there, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
  if (tree < 0)
    return fail (child, "open_tree", path);
  if (sys_mount_setattr (tree, AT_EMPTY_PATH, &attr) < 0)
    return fail (child, "mount_setattr", path);
  cleanup_fd int target = open_target (child, path, CREATE_NONE);
  return target < 0 ? -1 : put_tree (child, tree, target, path);
}

/*
 * Binds the root with all mounts below it. A target that is missing in a read-only root is not made there: instead, an
 * overlay is mounted, with the options in the plan.
 */
int step_root_bind (struct child *child, struct cursor *fields) {
  struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
  const char *at = read_text (fields);
  const char *source = read_text (fields);
  bool is_read_only = read_u32 (fields);
  const char *overlay = read_text (fields);
  if (fields->bad)
    return fail_with (child, EBADMSG, "read", "plan");
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, source, OPEN_TREE_CLONE | AT_RECURSIVE);
  if (tree < 0)
    return fail (child, "open_tree", source);
  if (is_read_only && sys_mount_setattr (tree, AT_EMPTY_PATH | AT_RECURSIVE, &read_only) < 0)
    return fail (child, "mount_setattr", source);
  uint32_t count = read_u32 (fields);
  bool complete = has_targets (tree, fields, count);
  uint32_t below = read_u32 (fields);
  if (complete && bind_root (child, at, tree) < 0)
    return -1;
  if (!complete && mount_overlay (child, at, overlay) < 0)
    return -1;
  for (uint32_t i = 0; i < below && !fields->bad; i++) {
    const char *path = read_text (fields);
    if (!complete && bind_below (child, source, path) < 0)
      return -1;
  }
  if (complete)
    enter_root (child, steal_fd (&tree));
  return unreadable (child, fields) ? -1 : 0;
}

/* At the working directory, which the helper has made the mount point: root inside may not search it, nor the folders above it. */
int step_place_root (struct child *child, struct cursor *fields) {
  uint32_t number = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  int tree = held (child, number);
  if (tree < 0)
    return -1;
  if (sys_move_mount (tree, AT_FDCWD) < 0)
    return fail (child, "move_mount", "new root");
  int root = fcntl (tree, F_DUPFD_CLOEXEC, 3);
  return root < 0 ? fail (child, "fcntl", "new root") : enter_root (child, root);
}

/* Nothing may be mounted on "/", where setns and "/.." would lead to it (path_resolution(7)). */
static int check_uncovered (struct child *child) {
  struct statx root, top;
  if (statx (AT_FDCWD, "/", 0, STATX_MNT_ID, &root) < 0 || statx (AT_FDCWD, "/..", 0, STATX_MNT_ID, &top) < 0)
    return fail (child, "statx", "/");
  return root.stx_mnt_id == top.stx_mnt_id ? 0 : fail_with (child, EBUSY, "umount2", "old root");
}

/* pivot_root(2), NOTES: "." for both stacks the old root on top of the new one, from where it is detached (T54). */
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
  if (check_uncovered (child) < 0)
    return -1;
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
