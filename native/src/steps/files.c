/*
 * The files that Liker gives a container. They are in a small tmpfs of its own, so that writing to them cannot fill a disk.
 * Only an attached mount can be cloned, so the tmpfs is mounted on a folder of the old root, in a user namespace on the working
 * directory. It disappears with that root.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"
#include "target.h"

int step_file_store (struct child *child, struct cursor *fields) {
  const char *at = read_text (fields);
  const char *size = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  const struct option options[] = { { "source", "tmpfs" }, { "size", size }, { "mode", "0700" }, { 0 } };
  cleanup_fd int tree = new_tmpfs (child, options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  if (tree < 0)
    return -1;
  cleanup_fd int folder = *at ? open (at, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  if (*at && folder < 0)
    return fail (child, "open", at);
  if (sys_move_mount (tree, *at ? folder : AT_FDCWD) < 0)
    return fail (child, "move_mount", at);
  child->files = steal_fd (&tree);
  return 0;
}

/* A file of the store, and what is to be seen of it. */
struct own_file {
  const char *target;
  struct bytes content;
  uint32_t mode, uid, gid;
  uint32_t attributes; /* MOUNT_ATTR_* */
};

static int write_new (struct child *child, const char *name, const struct own_file *own) {
  cleanup_fd int file = openat (child->files, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0 || write_all (file, own->content.data, own->content.size) < 0)
    return fail (child, "write", own->target);
  if ((own->uid || own->gid) && fchown (file, own->uid, own->gid) < 0)
    return fail (child, "fchown", own->target);
  return fchmod (file, own->mode) < 0 ? fail (child, "fchmod", own->target) : 0;
}

static int place_file (struct child *child, const struct own_file *own) {
  const struct tree how = { .attributes = own->attributes, .propagation = MS_PRIVATE, .map = -1 };
  char number[24];
  put_number (number, child->file_count++);
  if (write_new (child, number, own) < 0)
    return -1;
  cleanup_fd int tree = sys_open_tree (child->files, number, OPEN_TREE_CLONE);
  if (tree < 0)
    return fail (child, "open_tree", own->target);
  if (set_tree (tree, &how) < 0)
    return fail (child, "mount_setattr", own->target);
  cleanup_fd int target = open_target (child, own->target, CREATE_FILE);
  return target < 0 ? -1 : put_tree (child, tree, target, own->target);
}

/* If the target is missing on a read-only file system, the container does without the file. */
int step_file (struct child *child, struct cursor *fields) {
  const char *target = read_text (fields);
  const char *content = read_text (fields);
  struct own_file own = { .target = target, .mode = 0644, .attributes = read_u32 (fields) };
  if (unreadable (child, fields))
    return -1;
  own.content = (struct bytes){ content, (uint32_t)strlen (content) };
  return place_file (child, &own) < 0 && !is_missing (child) ? -1 : 0;
}

int step_secret (struct child *child, struct cursor *fields) {
  struct own_file own = { .attributes = MOUNT_ATTR_RDONLY };
  own.target = read_text (fields);
  own.content = read_bytes (fields);
  own.mode = read_u32 (fields);
  own.uid = read_u32 (fields);
  own.gid = read_u32 (fields);
  return unreadable (child, fields) ? -1 : place_file (child, &own);
}
