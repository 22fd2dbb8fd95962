/*
 * The files that Liker gives a container. They are in a small tmpfs of its own, so that writing to them cannot fill a disk.
 * Only an attached mount can be cloned, so the tmpfs is mounted on a folder of the old root, in a user namespace on the working
 * directory. It disappears with that root.
 */
#include <fcntl.h>
#include <string.h>
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

static int write_new (struct child *child, const char *name, const char *content) {
  cleanup_fd int file = openat (child->files, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  return file < 0 ? -1 : write_all (file, content, strlen (content));
}

/* If the target is missing on a read-only file system, the container does without the file. */
int step_file (struct child *child, struct cursor *fields) {
  const char *name = read_text (fields);
  const char *content = read_text (fields);
  struct tree how = { .attributes = read_u32 (fields), .propagation = MS_PRIVATE, .map = -1 };
  char number[24];
  if (unreadable (child, fields))
    return -1;
  put_number (number, child->file_count++);
  if (write_new (child, number, content) < 0)
    return fail (child, "write", name);
  cleanup_fd int tree = sys_open_tree (child->files, number, OPEN_TREE_CLONE);
  if (tree < 0)
    return fail (child, "open_tree", name);
  if (set_tree (tree, &how) < 0)
    return fail (child, "mount_setattr", name);
  cleanup_fd int target = open_target (child, name, CREATE_FILE);
  if (target < 0)
    return is_missing (child) ? 0 : -1;
  return put_tree (child, tree, target, name);
}
