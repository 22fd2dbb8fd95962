/*
 * Overlays of held trees: the root of a container in a user namespace, made of idmapped mounts by the host's root, so that on the disk stand
 * the container's own ids; and overlays among the mounts of any container.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include "acting.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "include/plan.h"
#include "overlay.h"
#include "step.h"
#include "target.h"

struct layers {
  struct child *child;
  struct cursor lowers; /* numbers of held trees, the uppermost first */
  uint32_t lower_count;
  const char *at;       /* a folder that mounts may be stacked on, out of sight */
  int writable;         /* the tree with the folders of the writable layer */
  struct overlay overlay;
  uint32_t uid, gid;    /* root inside, on the host */
  uint32_t attributes;  /* MOUNT_ATTR_* of the result */
  const char *below;    /* the result is not the overlay, but this path in it */
  int tree;             /* the result */
};

/*
 * The overlay acts with the ids of who makes it. With ids that its layers do not have it would be read-only, without an error. It
 * keeps the capabilities of who makes it, too.
 */
static int create_as_root_inside (struct layers *layers, int context) {
  int result = act_as (layers->child, layers->uid, layers->gid);
  if (result == 0 && sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    result = fail (layers->child, "fsconfig", "overlay");
  act_as_root ();
  return result;
}

/* A clone of the overlay, or of what is below it; `top` is its root. Links in the path stay inside. */
static int clone_result (struct layers *layers, int top) {
  cleanup_fd int below = *layers->below ? in_root_open (top, layers->below, O_PATH) : fcntl (top, F_DUPFD_CLOEXEC, 3);
  if (below < 0)
    return fail (layers->child, "openat2", layers->below);
  layers->tree = sys_open_tree (below, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
  return layers->tree < 0 ? fail (layers->child, "open_tree", "overlay") : 0;
}

/* The layers are detached mounts, given by descriptor, and so is what is cloned: Linux 6.15. */
static int mount_detached (struct layers *layers) {
  cleanup_fd int context = overlay_context (layers->child, &layers->overlay);
  if (context < 0 || create_as_root_inside (layers, context) < 0)
    return -1;
  cleanup_fd int top = sys_fsmount (context, 0);
  if (top < 0)
    return fail (layers->child, "fsmount", "overlay");
  if (*layers->below)
    return clone_result (layers, top);
  layers->tree = steal_fd (&top);
  return 0;
}

/* An older kernel takes only layers that are mounted in the caller's mount namespace: here, on each other. */
static int attach (struct layers *layers, int tree) {
  cleanup_fd int at = open (layers->at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0)
    return fail (layers->child, "open", layers->at);
  return sys_move_mount (tree, at) < 0 ? fail (layers->child, "move_mount", layers->at) : 0;
}

static int attach_all (struct layers *layers) {
  struct cursor lowers = layers->lowers;
  for (uint32_t i = 0; i < layers->lower_count; i++) {
    int lower = held (layers->child, read_u32 (&lowers));
    if (lower < 0 || attach (layers, lower) < 0)
      return -1;
  }
  return attach (layers, layers->writable);
}

/* In a mount namespace of its own, cut off from the host's. The overlay outlives it in a clone. */
static int mount_attached (struct layers *layers) {
  struct child *child = layers->child;
  if (sys_unshare (CLONE_NEWNS) < 0)
    return fail (child, "unshare", "mounts");
  if (sys_mount (NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
    return fail (child, "mount", "/");
  if (attach_all (layers) < 0 || act_as (child, layers->uid, layers->gid) < 0 ||
      overlay_mount (child, &layers->overlay, layers->at) < 0)
    return -1;
  cleanup_fd int top = open (layers->at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return top < 0 ? fail (child, "open", layers->at) : clone_result (layers, top);
}

/* Not in another process: the first one in a pid namespace clones the second one later, which has that number. */
static int in_own_mounts (struct layers *layers) {
  struct child *child = layers->child;
  child->failure.error = 0;
  cleanup_fd int own = open ("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  cleanup_fd int here = own < 0 ? -1 : open (".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (here < 0)
    return fail (child, "open", own < 0 ? "/proc/self/ns/mnt" : ".");
  int result = mount_attached (layers);
  act_as_root ();
  if (sys_setns (own, CLONE_NEWNS) == 0 && fchdir (here) == 0)
    return result;
  close_fd (&layers->tree);
  return fail (child, "setns", "/proc/self/ns/mnt");
}

static int mount_layers (struct layers *layers) {
  struct child *child = layers->child;
  if (mount_detached (layers) < 0 && (!overlay_is_refusal (child->failure.error) || in_own_mounts (layers) < 0))
    return -1;
  if (overlay_check_writable (child, layers->tree) < 0)
    return -1;
  struct mount_attr attr = { .attr_set = layers->attributes };
  return attr.attr_set && sys_mount_setattr (layers->tree, AT_EMPTY_PATH, &attr) < 0
           ? fail (child, "mount_setattr", "overlay")
           : 0;
}

static int open_folder (struct child *child, int tree, const char *name) {
  int folder = openat (tree, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return folder < 0 ? fail (child, "openat", name) : folder;
}

/* One idmapped mount has them all: to make and to release one for each would take as long as all else. */
static int find_folder (struct layers *layers) {
  struct overlay *overlay = &layers->overlay;
  struct cursor lowers = layers->lowers;
  if (layers->lower_count != 1)
    return fail_with (layers->child, EBADMSG, "read", "plan");
  overlay->folder = held (layers->child, read_u32 (&lowers));
  return overlay->folder < 0 ? -1 : 0;
}

/* Those that an older kernel needs. */
static void close_named (struct overlay *overlay) {
  for (uint32_t i = 0; overlay->name_count > 0 && i < overlay->count; i++)
    close_fd (&overlay->lowers[i]);
}

static int find_lowers (struct layers *layers) {
  struct cursor lowers = layers->lowers;
  if (layers->lower_count > MAX_LOWERS || layers->overlay.name_count > MAX_LOWERS)
    return fail_with (layers->child, E2BIG, "fsconfig", "overlay");
  if (layers->overlay.name_count > 0)
    return find_folder (layers);
  for (uint32_t i = 0; i < layers->lower_count; i++) {
    layers->overlay.lowers[i] = held (layers->child, read_u32 (&lowers));
    if (layers->overlay.lowers[i] < 0)
      return -1;
  }
  layers->overlay.count = layers->lower_count;
  return 0;
}

static int take_overlay (struct layers *layers, uint32_t layer) {
  layers->writable = held (layers->child, layer);
  if (layers->writable < 0 || find_lowers (layers) < 0)
    return -1;
  cleanup_fd int upper = open_folder (layers->child, layers->writable, "upper");
  cleanup_fd int work = open_folder (layers->child, layers->writable, "work");
  if (upper < 0 || work < 0)
    return -1;
  layers->overlay.upper = upper;
  layers->overlay.work = work;
  cleanup_fd int tree = mount_layers (layers) < 0 ? -1 : layers->tree;
  if (tree < 0 || keep_outside (layers->child, layer) < 0)
    return -1;
  for (uint32_t i = 0; i < layers->lower_count; i++)
    if (keep_outside (layers->child, read_u32 (&layers->lowers)) < 0)
      return -1;
  return hold (layers->child, tree) < 0 ? -1 : (steal_fd (&tree), 0);
}

/* False if a target is missing. After another error, the target's own step will report it. */
static bool has_targets (const char *folder, struct cursor *needs, uint32_t count) {
  cleanup_fd int root = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  bool all = root >= 0;
  for (uint32_t i = 0; i < count && !needs->bad; i++) {
    const char *path = read_text (needs);
    cleanup_fd int fd = all ? in_root_open (root, path, O_PATH) : -1;
    if (all && fd < 0 && errno == ENOENT)
      all = false;
  }
  return all;
}

/* The lowest layer alone, which has all that the container needs to be mounted on. */
static int take_lower (struct layers *layers) {
  int lower = held (layers->child, read_u32 (&layers->lowers));
  cleanup_fd int tree = lower < 0 ? -1 : fcntl (lower, F_DUPFD_CLOEXEC, 3);
  return tree < 0 || hold (layers->child, tree) < 0 ? -1 : (steal_fd (&tree), 0);
}

int step_take_overlay (struct child *child, struct cursor *fields) {
  struct layers layers = { .child = child, .tree = -1 };
  layers.at = read_text (fields);
  layers.lower_count = read_u32 (fields);
  layers.lowers = *fields;
  for (uint32_t i = 0; i < layers.lower_count && !fields->bad; i++)
    read_u32 (fields);
  layers.overlay.name_count = read_u32 (fields);
  layers.overlay.names = *fields;
  for (uint32_t i = 0; i < layers.overlay.name_count && !fields->bad; i++)
    read_text (fields);
  uint32_t layer = read_u32 (fields);
  layers.overlay.is_volatile = read_u32 (fields);
  layers.uid = read_u32 (fields);
  layers.gid = read_u32 (fields);
  layers.overlay.has_user_xattr = read_u32 (fields);
  layers.attributes = read_u32 (fields);
  layers.below = read_text (fields);
  const char *folder = read_text (fields);
  uint32_t count = read_u32 (fields);
  bool complete = *folder && !fields->bad && has_targets (folder, fields, count);
  if (unreadable (child, fields))
    return -1;
  int result = complete ? take_lower (&layers) : take_overlay (&layers, layer);
  close_named (&layers.overlay);
  return result;
}
