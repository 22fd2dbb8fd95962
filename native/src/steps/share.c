/* Mounts of another container, for a container that shares a namespace with it. */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"
#include "taken.h"
#include "target.h"

/* The inode of a procfs's root (include/linux/proc_fs.h). */
#define PROC_ROOT_INODE 1

struct share {
  pid_t pid;
  uint64_t start_time;
  uint32_t attributes;
};

static int open_namespace (struct child *child, const char *process, const char *kind) {
  char path[64];
  put_text (put_text (put_text (put_text (path, "/proc/"), process), "/ns/"), kind);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? fail (child, "open", path) : fd;
}

/*
 * Only a process in the mount's namespace can clone it (open_tree(2)). Inside, the path cannot lead out of that
 * container's root.
 */
static int clone_there (struct child *child, int theirs, int own, const char *path) {
  /* setns makes "/" the working directory, and the root of a container is mounted at the working directory. */
  cleanup_fd int here = open (".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (here < 0)
    return fail (child, "open", ".");
  if (sys_setns (theirs, CLONE_NEWNS) < 0)
    return fail (child, "setns", path);
  int tree = sys_open_tree (AT_FDCWD, path, OPEN_TREE_CLONE);
  if (tree < 0)
    fail (child, "open_tree", path);
  if (sys_setns (own, CLONE_NEWNS) == 0 && fchdir (here) == 0)
    return tree;
  close_fd (&tree);
  return fail (child, "setns", "/proc/self/ns/mnt");
}

static int clone_mount (struct child *child, const struct share *share, const char *path) {
  char process[24];
  put_number (process, (uint64_t)share->pid);
  cleanup_fd int own = open_namespace (child, "self", "mnt");
  cleanup_fd int theirs = own < 0 ? -1 : open_namespace (child, process, "mnt");
  if (theirs < 0)
    return -1;
  if (process_start_time (share->pid) != share->start_time)
    return fail_with (child, ESRCH, "open", "/proc/PID/ns/mnt");
  return clone_there (child, theirs, own, path);
}

/* MS_PRIVATE: no mount propagates between the two containers, whatever the other one has set. */
static int clone_private (struct child *child, const struct share *share, const char *path) {
  const struct tree how = { .attributes = share->attributes, .propagation = MS_PRIVATE, .map = -1 };
  cleanup_fd int tree = clone_mount (child, share, path);
  if (tree < 0)
    return -1;
  return set_tree (tree, &how) < 0 ? fail (child, "mount_setattr", path) : steal_fd (&tree);
}

static int mount_clone (struct child *child, int tree, const char *path) {
  cleanup_fd int target = open_target_of (child, path, tree);
  return target < 0 ? -1 : put_tree (child, tree, target, path);
}

int step_bind_of (struct child *child, struct cursor *fields) {
  struct share share = { .pid = (pid_t)read_u32 (fields), .start_time = read_u64 (fields) };
  const char *path = read_text (fields);
  share.attributes = read_u32 (fields);
  bool optional = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int tree = clone_private (child, &share, path);
  int result = tree < 0 ? -1 : mount_clone (child, tree, path);
  return optional && is_missing (child) ? 0 : result;
}

int step_take_of (struct child *child, struct cursor *fields) {
  struct share share = { .pid = (pid_t)read_u32 (fields), .start_time = read_u64 (fields) };
  const char *path = read_text (fields);
  share.attributes = read_u32 (fields);
  bool optional = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  return hold_tree (child, clone_private (child, &share, path), optional);
}

/* The container may have mounted anything at its /proc. Only the root of a procfs of that pid namespace is accepted. */
static bool is_procfs_of (int tree, int namespace) {
  struct statfs fs;
  struct stat root, wanted, found;
  if (fstatfs (tree, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC || fstat (tree, &root) < 0 || root.st_ino != PROC_ROOT_INODE)
    return false;
  cleanup_fd int first = beneath_open (tree, "1/ns", O_PATH | O_DIRECTORY);
  return first >= 0 && fstatat (first, "pid", &found, 0) == 0 && fstat (namespace, &wanted) == 0 &&
         found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino;
}

static const char proc_path[] = "/proc";

static int clone_proc (struct child *child, struct cursor *fields) {
  struct share share = { .pid = (pid_t)read_u32 (fields), .start_time = read_u64 (fields) };
  char process[24];
  share.attributes = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  put_number (process, (uint64_t)share.pid);
  cleanup_fd int namespace = open_namespace (child, process, "pid");
  cleanup_fd int tree = namespace < 0 ? -1 : clone_private (child, &share, proc_path);
  if (tree < 0)
    return -1;
  return is_procfs_of (tree, namespace) ? steal_fd (&tree) : fail_with (child, ENODEV, "open_tree", proc_path);
}

/*
 * A procfs shows the pid namespace of the process that mounts it, and a process that may mount must not be in a pid namespace where
 * programs run (begin.h). So this clones the other container's procfs, without the mounts in it.
 */
int step_proc_of (struct child *child, struct cursor *fields) {
  cleanup_fd int tree = clone_proc (child, fields);
  return tree < 0 ? -1 : mount_clone (child, tree, proc_path);
}

int step_take_proc_of (struct child *child, struct cursor *fields) {
  return hold_tree (child, clone_proc (child, fields), false);
}
