/*
 * Mounts shared with the host. They are cloned first, before the mount namespace stops being the host's peer, and attached
 * after all other mounts: a mount below a shared mount would appear on the host, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "step.h"
#include "target.h"

int step_take (struct child *child, struct cursor *fields) {
  struct tree how;
  const char *source = read_text (fields);
  how.recursive = read_u32 (fields);
  how.attributes = read_u32 (fields);
  how.top_only = read_u32 (fields);
  how.propagation = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  if (child->taken_count == MAX_SHARED_MOUNTS)
    return fail_with (child, E2BIG, "open_tree", source);
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, source, OPEN_TREE_CLONE | (how.recursive ? AT_RECURSIVE : 0u));
  if (tree < 0)
    return fail (child, "open_tree", source);
  if (set_tree (tree, &how) < 0)
    return fail (child, "mount_setattr", source);
  child->taken[child->taken_count++] = steal_fd (&tree);
  return 0;
}

/* Resolves all targets before it attaches the first tree, so that no target is inside a tree. */
int step_attach (struct child *child, struct cursor *fields) {
  int targets[MAX_SHARED_MOUNTS];
  const char *names[MAX_SHARED_MOUNTS];
  uint32_t count = read_u32 (fields);
  if (count != child->taken_count)
    return fail_with (child, EBADMSG, "read", "plan");
  for (uint32_t i = 0; i < count; i++) {
    names[i] = read_text (fields);
    if (fields->bad)
      return fail_with (child, EBADMSG, "read", "plan");
    targets[i] = open_target_of (child, names[i], child->taken[i]);
    if (targets[i] < 0)
      return -1;
  }
  for (uint32_t i = 0; i < count; i++)
    if (put_tree (child, child->taken[i], targets[i], names[i]) < 0)
      return -1;
  return unreadable (child, fields) ? -1 : 0;
}
