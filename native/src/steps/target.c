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
  struct mount_attr attr = { .attr_set = how->attributes };
  if (how->attributes & MOUNT_ATTR__ATIME)
    attr.attr_clr = MOUNT_ATTR__ATIME;
  /* For a single mount one call sets both. */
  if (!how->recursive)
    attr.propagation = propagation;
  unsigned flags = AT_EMPTY_PATH | (how->recursive && !how->top_only ? AT_RECURSIVE : 0u);
  if ((attr.attr_set || attr.propagation) && sys_mount_setattr (tree, flags, &attr) < 0)
    return -1;
  if (!how->recursive || !propagation)
    return 0;
  struct mount_attr spread = { .propagation = propagation };
  flags = AT_EMPTY_PATH | (how->propagation & MS_REC ? AT_RECURSIVE : 0u);
  return sys_mount_setattr (tree, flags, &spread);
}

struct tree read_tree (struct cursor *fields) {
  struct tree how;
  how.recursive = read_u32 (fields);
  how.attributes = read_u32 (fields);
  how.top_only = read_u32 (fields);
  how.propagation = read_u32 (fields);
  return how;
}

int clone_tree (struct child *child, const char *source, const struct tree *how, const char *name) {
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, source, OPEN_TREE_CLONE | (how->recursive ? AT_RECURSIVE : 0u));
  if (tree < 0)
    return fail (child, "open_tree", source);
  return set_tree (tree, how) < 0 ? fail (child, "mount_setattr", name) : steal_fd (&tree);
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
