/*
 * Those that are shared with the host are cloned before the mount namespace stops being the host's peer; those of a container in a user
 * namespace, while this is the host's root.
 */
#include "taken.h"
#include <sys/mount.h>
#include "base/cleanup.h"
#include "include/plan.h"
#include "sizes.h"
#include "step.h"
#include "target.h"

int hold_tree (struct child *child, int made, bool optional) {
  cleanup_fd int tree = made;
  if (tree < 0 && !(optional && (is_missing (child) || child->failure.error == ENODEV)))
    return -1;
  return hold (child, tree) < 0 ? -1 : (steal_fd (&tree), 0);
}

/* The fields of a tree to be held. Here the mounts below it still are peers of the host's. */
static int read_taken (struct child *child, struct cursor *fields, struct tree *how, bool *optional) {
  if (read_tree (child, fields, how) < 0)
    return -1;
  how->slave = !(how->propagation & MS_SHARED);
  *optional = read_u32 (fields);
  return unreadable (child, fields) ? -1 : 0;
}

int step_take (struct child *child, struct cursor *fields) {
  const char *source = read_text (fields);
  struct tree how;
  bool optional;
  if (read_taken (child, fields, &how, &optional) < 0)
    return -1;
  return hold_tree (child, clone_tree (child, source, &how, source), optional);
}

int step_take_below (struct child *child, struct cursor *fields) {
  const char *source = read_text (fields);
  const char *path = read_text (fields);
  struct tree how;
  bool optional;
  if (read_taken (child, fields, &how, &optional) < 0)
    return -1;
  return hold_tree (child, clone_tree_below (child, source, path, &how), optional);
}

int step_place (struct child *child, struct cursor *fields) {
  uint32_t number = read_u32 (fields);
  const char *name = read_text (fields);
  bool optional = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  if (optional && holds_nothing (child, number))
    return 0;
  int tree = held (child, number);
  if (tree < 0)
    return -1;
  cleanup_fd int target = open_target_of (child, name, tree);
  if (target < 0)
    return optional && is_missing (child) ? 0 : -1;
  return put_tree (child, tree, target, name);
}

/*
 * A mount made below one of these trees would appear on the host, too, so they come after all other mounts, and all targets are
 * resolved before the first tree is attached: no target is inside a tree.
 */
int step_attach (struct child *child, struct cursor *fields) {
  int trees[MAX_SHARED_MOUNTS], targets[MAX_SHARED_MOUNTS];
  const char *names[MAX_SHARED_MOUNTS];
  uint32_t count = read_u32 (fields);
  if (count > MAX_SHARED_MOUNTS)
    return fail_with (child, EBADMSG, "read", "plan");
  for (uint32_t i = 0; i < count; i++) {
    trees[i] = held (child, read_u32 (fields));
    names[i] = read_text (fields);
    if (fields->bad)
      return fail_with (child, EBADMSG, "read", "plan");
    targets[i] = trees[i] < 0 ? -1 : open_target_of (child, names[i], trees[i]);
    if (targets[i] < 0)
      return -1;
  }
  for (uint32_t i = 0; i < count; i++)
    if (put_tree (child, trees[i], targets[i], names[i]) < 0)
      return -1;
  return unreadable (child, fields) ? -1 : 0;
}
