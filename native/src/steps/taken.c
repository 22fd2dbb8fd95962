/*
 * Mounts shared with the host. They are cloned first, before the mount namespace stops being the host's peer, and attached
 * after all other mounts: a mount below a shared mount would appear on the host, too.
 */
#include "step.h"
#include "target.h"

int step_take (struct child *child, struct cursor *fields) {
  const char *source = read_text (fields);
  struct tree how = read_tree (fields);
  if (unreadable (child, fields))
    return -1;
  if (child->taken_count == MAX_SHARED_MOUNTS)
    return fail_with (child, E2BIG, "open_tree", source);
  int tree = clone_tree (child, source, &how, source);
  if (tree < 0)
    return -1;
  child->taken[child->taken_count++] = tree;
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
