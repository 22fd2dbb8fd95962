/* Directories, links and device nodes in the new root, each made relative to its resolved parent (T8). */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "acting.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"
#include "target.h"

int step_directory (struct child *child, struct cursor *fields) {
  const char *target = read_text (fields);
  uint32_t mode = read_u32 (fields);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  struct stat st;
  cleanup_fd int fd = in_root_make (child->root, target, IN_ROOT_DIRECTORY, mode);
  if (fd < 0 || fstat (fd, &st) < 0)
    return fail (child, "mkdirat", target);
  return S_ISDIR (st.st_mode) ? 0 : fail_with (child, ENOTDIR, "mkdirat", target);
}

static bool is_link_to (int parent, const char *leaf, const char *to) {
  char text[PATH_MAX];
  ssize_t length = readlinkat (parent, leaf, text, sizeof text);
  return length >= 0 && (size_t)length == strlen (to) && !memcmp (text, to, (size_t)length);
}

int step_symlink (struct child *child, struct cursor *fields) {
  const char *target = read_text (fields);
  const char *to = read_text (fields);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  const char *leaf;
  cleanup_fd int parent = in_root_parent (child->root, target, &leaf);
  if (parent < 0)
    return fail (child, "openat2", target);
  if (symlinkat (to, parent, leaf) < 0 && !(errno == EEXIST && is_link_to (parent, leaf, to)))
    return fail_with (child, errno == EINVAL ? EEXIST : errno, "symlinkat", target);
  return 0;
}

struct device {
  const char *target;
  mode_t type;
  dev_t number;
  uint32_t mode;
  uid_t uid;
  gid_t gid;
};

/* All but the target, which comes first. */
static void read_device (struct cursor *fields, struct device *device) {
  device->type = read_u32 (fields) ? S_IFBLK : S_IFCHR;
  uint32_t major_number = read_u32 (fields);
  device->number = makedev (major_number, read_u32 (fields));
  device->mode = read_u32 (fields) & 07777;
  device->uid = read_u32 (fields);
  device->gid = read_u32 (fields);
}

static int make_node (int parent, const char *leaf, const struct device *device) {
  if (mknodat (parent, leaf, device->type | device->mode, device->number) < 0)
    return -1;
  return fchownat (parent, leaf, device->uid, device->gid, AT_SYMLINK_NOFOLLOW);
}

static bool is_device (int fd, const struct device *device) {
  struct stat st;
  return fstat (fd, &st) == 0 && (st.st_mode & S_IFMT) == device->type && st.st_rdev == device->number;
}

/* Where mknod is forbidden (in a user namespace): binds the host's node of the same path, checked on its fd. */
static int bind_device (struct child *child, const struct device *device) {
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, device->target, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
  if (tree < 0)
    return fail (child, "open_tree", device->target);
  if (!is_device (tree, device))
    return fail_with (child, ENODEV, "fstat", device->target);
  cleanup_fd int target = in_root_make (child->root, device->target, IN_ROOT_FILE, 0600);
  if (target < 0)
    return fail (child, "openat", device->target);
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", device->target) : 0;
}

int step_device (struct child *child, struct cursor *fields) {
  struct device device;
  device.target = read_text (fields);
  read_device (fields, &device);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  const char *leaf;
  cleanup_fd int parent = in_root_parent (child->root, device.target, &leaf);
  if (parent < 0)
    return fail (child, "openat2", device.target);
  if (make_node (parent, leaf, &device) == 0)
    return 0;
  if (errno == EPERM && !child->pivoted)
    return bind_device (child, &device);
  if (errno != EEXIST)
    return fail (child, "mknodat", device.target);
  cleanup_fd int there = openat (parent, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  return there >= 0 && is_device (there, &device) ? 0 : fail_with (child, EEXIST, "mknodat", device.target);
}

/* In a tmpfs that no other process can reach, a name needs no safe look-up. */
static int make_device (struct child *child, int folder, struct cursor *fields) {
  struct device device = { .target = read_text (fields) };
  read_device (fields, &device);
  if (fields->bad)
    return fail_with (child, EBADMSG, "read", "plan");
  const char *leaf;
  cleanup_fd int parent = in_root_parent (folder, device.target, &leaf);
  return parent < 0 || make_node (parent, leaf, &device) < 0 ? fail (child, "mknodat", device.target) : 0;
}

static int make_devices (struct child *child, int folder, struct cursor *fields) {
  for (uint32_t count = read_u32 (fields); count > 0; count--)
    if (make_device (child, folder, fields) < 0)
      return -1;
  return unreadable (child, fields) ? -1 : 0;
}

int step_take_devices (struct child *child, struct cursor *fields) {
  char uid_text[24], gid_text[24];
  uint32_t uid = read_u32 (fields);
  uint32_t gid = read_u32 (fields);
  const char *size = read_text (fields);
  if (fields->bad)
    return fail_with (child, EBADMSG, "read", "plan");
  put_number (uid_text, uid);
  put_number (gid_text, gid);
  const struct option options[] = {
    { "source", "tmpfs" }, { "uid", uid_text }, { "gid", gid_text }, { "mode", "0755" }, { "size", size }, { 0 }
  };
  cleanup_fd int tree = new_tmpfs (child, options, MOUNT_ATTR_NOSUID);
  if (tree < 0)
    return -1;
  int made = act_as (child, uid, gid) < 0 ? -1 : make_devices (child, tree, fields);
  act_as_root ();
  return made < 0 || hold (child, tree) < 0 ? -1 : (steal_fd (&tree), 0);
}

/* Something else than this node is at the path, which mknod would not replace either. */
static bool is_taken (struct child *child, const char *path, int node) {
  const char *leaf;
  struct stat st;
  cleanup_fd int parent = in_root_parent (child->root, path, &leaf);
  cleanup_fd int there = parent < 0 ? -1 : openat (parent, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (there < 0 || fstat (node, &st) < 0)
    return false;
  const struct device device = { .type = st.st_mode & S_IFMT, .number = st.st_rdev };
  return !is_device (there, &device);
}

/* A node outside /dev: it is made in there, by the host's root, bound from there, and its name there is taken away. */
int step_place_device (struct child *child, struct cursor *fields) {
  const char *name = read_text (fields);
  const char *path = read_text (fields);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  cleanup_fd int folder = in_root_open (child->root, "/dev", O_PATH | O_DIRECTORY);
  cleanup_fd int tree = folder < 0 ? -1 : sys_open_tree (folder, name, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
  if (tree < 0)
    return fail (child, "open_tree", path);
  if (is_taken (child, path, tree))
    return fail_with (child, EEXIST, "mknodat", path);
  cleanup_fd int target = in_root_make (child->root, path, IN_ROOT_FILE, 0600);
  if (target < 0)
    return fail (child, "openat", path);
  if (put_tree (child, tree, target, path) < 0)
    return -1;
  return unlinkat (folder, name, 0) < 0 ? fail (child, "unlinkat", path) : 0;
}
