/*
 * A root of layers, for a container in a user namespace: an overlay of idmapped mounts, made by the host's root. On the disk stand
 * the container's own ids.
 */
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include "acting.h"
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/plan.h"
#include "step.h"
#include "target.h"

/* The overlay acts with the ids of who makes it. With some that its layers do not have it would be read-only, without an error. */
static int create_as (struct child *child, int context, uint32_t uid, uint32_t gid) {
  int result = act_as (child, uid, gid);
  if (result == 0 && sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    result = fail (child, "fsconfig", "overlay");
  act_as_root ();
  return result;
}

static int add_layer (struct child *child, int context, const char *key, int folder) {
  return sys_fsconfig (context, FSCONFIG_SET_FD, key, NULL, folder) < 0 ? fail (child, "fsconfig", key) : 0;
}

/* A layer must be open until the overlay is made: its mount has no other place. The end of the helper closes it. */
static int add_lower (struct child *child, int context, const char *folder, const struct tree *how) {
  int layer = clone_tree (child, folder, how, folder);
  return layer < 0 ? -1 : add_layer (child, context, "lowerdir+", layer);
}

/* Both are in one mount, as overlayfs requires. */
static int add_upper (struct child *child, int context, const char *folder, const struct tree *how) {
  int layer = clone_tree (child, folder, how, folder);
  if (layer < 0)
    return -1;
  cleanup_fd int upper = openat (layer, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
  cleanup_fd int work = openat (layer, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (upper < 0 || work < 0)
    return fail (child, "openat", folder);
  if (add_layer (child, context, "upperdir", upper) < 0)
    return -1;
  return add_layer (child, context, "workdir", work);
}

static int mount_layers (struct child *child, int context) {
  struct statfs fs;
  cleanup_fd int tree = sys_fsmount (context, 0);
  if (tree < 0 || fstatfs (tree, &fs) < 0)
    return fail (child, "fsmount", "overlay");
  return fs.f_flags & ST_RDONLY ? fail_with (child, EROFS, "fsmount", "overlay") : steal_fd (&tree);
}

int step_take_overlay (struct child *child, struct cursor *fields) {
  struct tree how = { .propagation = MS_PRIVATE };
  cleanup_fd int context = sys_fsopen ("overlay");
  if (context < 0)
    return fail (child, "fsopen", "overlay");
  struct cursor lowers = *fields;
  uint32_t count = read_u32 (fields);
  for (uint32_t i = 0; i < count && !fields->bad; i++)
    read_text (fields);
  const char *folder = read_text (fields);
  bool is_volatile = read_u32 (fields);
  uint32_t map = read_u32 (fields);
  uint32_t uid = read_u32 (fields);
  uint32_t gid = read_u32 (fields);
  if (unreadable (child, fields) || (how.map = held (child, map)) < 0)
    return -1;
  for (read_u32 (&lowers); count > 0; count--)
    if (add_lower (child, context, read_text (&lowers), &how) < 0)
      return -1;
  if (add_upper (child, context, folder, &how) < 0)
    return -1;
  if (sys_fsconfig (context, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
    return fail (child, "fsconfig", "source");
  if (is_volatile && sys_fsconfig (context, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
    return fail (child, "fsconfig", "volatile");
  if (create_as (child, context, uid, gid) < 0)
    return -1;
  cleanup_fd int tree = mount_layers (child, context);
  return tree < 0 || hold (child, tree) < 0 ? -1 : (steal_fd (&tree), 0);
}
