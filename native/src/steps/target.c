#define _GNU_SOURCE
#include "target.h"
#include <fcntl.h>
#include <sys/stat.h>
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
