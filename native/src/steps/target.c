#include "target.h"
#include <fcntl.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"

int open_target (struct child *child, const char *target, enum plan_create create) {
  int root = child_root (child);
  if (root < 0)
    return -1;
  if (create == CREATE_NONE) {
    int fd = in_root_open (root, target, O_PATH);
    return fd < 0 ? fail (child, "openat2", target) : fd;
  }
  bool directory = create == CREATE_DIRECTORY;
  int fd = in_root_make (root, target, directory ? IN_ROOT_DIRECTORY : IN_ROOT_FILE, directory ? 0755 : 0644);
  return fd < 0 ? fail (child, directory ? "mkdirat" : "openat", target) : fd;
}

int open_target_of (struct child *child, const char *target, int tree) {
  struct stat st;
  if (fstat (tree, &st) < 0)
    return fail (child, "fstat", target);
  return open_target (child, target, S_ISDIR (st.st_mode) ? CREATE_DIRECTORY : CREATE_FILE);
}

bool is_missing (const struct child *child) {
  return child->failure.error == ENOENT || child->failure.error == EROFS;
}

int put_tree (struct child *child, int tree, int target, const char *name) {
  struct stat from, to;
  if (fstat (tree, &from) < 0 || fstat (target, &to) < 0)
    return fail (child, "fstat", name);
  /* The kernel would say EINVAL, which has many causes. */
  if (S_ISDIR (from.st_mode) != S_ISDIR (to.st_mode))
    return fail_with (child, S_ISDIR (to.st_mode) ? EISDIR : ENOTDIR, "move_mount", name);
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", name) : 0;
}

/* The access time attributes are an enumeration, whose bits must be cleared before one is set (mount_setattr(2)). */
int set_tree (int tree, const struct tree *how) {
  const uint32_t propagation = how->propagation & ~(uint32_t)MS_REC;
  const unsigned all = AT_EMPTY_PATH | (how->recursive ? AT_RECURSIVE : 0u);
  const bool apart = how->recursive && how->top_only;
  struct mount_attr attr = { .attr_set = how->attributes };
  if (how->attributes & MOUNT_ATTR__ATIME)
    attr.attr_clr = MOUNT_ATTR__ATIME;
  if (how->map >= 0 && !apart) {
    attr.attr_set |= MOUNT_ATTR_IDMAP;
    attr.userns_fd = (uint64_t)how->map;
  }
  struct mount_attr slave = { .propagation = MS_SLAVE };
  if (how->slave && sys_mount_setattr (tree, AT_EMPTY_PATH | AT_RECURSIVE, &slave) < 0)
    return -1;
  /* For a single mount one call sets both. */
  if (!how->recursive)
    attr.propagation = propagation;
  if ((attr.attr_set || attr.propagation) && sys_mount_setattr (tree, apart ? AT_EMPTY_PATH : all, &attr) < 0)
    return -1;
  struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)how->map };
  if (apart && how->map >= 0 && sys_mount_setattr (tree, all, &map) < 0)
    return -1;
  if (!how->recursive || !propagation)
    return 0;
  struct mount_attr spread = { .propagation = propagation };
  return sys_mount_setattr (tree, how->propagation & MS_REC ? all : AT_EMPTY_PATH, &spread);
}

int read_tree (struct child *child, struct cursor *fields, struct tree *how) {
  how->recursive = read_u32 (fields);
  how->attributes = read_u32 (fields);
  how->top_only = read_u32 (fields);
  how->propagation = read_u32 (fields);
  uint32_t map = read_u32 (fields);
  how->map = map == NOT_HELD ? -1 : held (child, map);
  how->slave = false;
  return map != NOT_HELD && how->map < 0 ? -1 : 0;
}

int clone_tree (struct child *child, const char *source, const struct tree *how, const char *name) {
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, source, OPEN_TREE_CLONE | (how->recursive ? AT_RECURSIVE : 0u));
  if (tree < 0)
    return fail (child, "open_tree", source);
  return set_tree (tree, how) < 0 ? fail (child, "mount_setattr", name) : steal_fd (&tree);
}

int clone_tree_below (struct child *child, const char *source, const char *path, const struct tree *how) {
  cleanup_fd int top = open (source, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (top < 0)
    return fail (child, "open", source);
  cleanup_fd int below = beneath_open (top, path, O_PATH);
  if (below < 0)
    return fail (child, "openat2", path);
  cleanup_fd int tree = sys_open_tree (below, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | (how->recursive ? AT_RECURSIVE : 0u));
  if (tree < 0)
    return fail (child, "open_tree", path);
  return set_tree (tree, how) < 0 ? fail (child, "mount_setattr", path) : steal_fd (&tree);
}

int new_tmpfs (struct child *child, const struct option *options, unsigned attributes) {
  cleanup_fd int context = sys_fsopen ("tmpfs");
  if (context < 0)
    return fail (child, "fsopen", "tmpfs");
  for (; options->key; options++)
    if (sys_fsconfig (context, FSCONFIG_SET_STRING, options->key, options->value, 0) < 0)
      return fail (child, "fsconfig", options->key);
  if (sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail (child, "fsconfig", "tmpfs");
  int tree = sys_fsmount (context, attributes);
  return tree < 0 ? fail (child, "fsmount", "tmpfs") : tree;
}
