/* Mounts below the new root. A target is resolved once, to an fd, and mounted on by the fd (T8, T9). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "../../include/plan.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "child.h"

static int open_target (struct child *child, const char *target, uint32_t create) {
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

struct mount_fields {
  const char *type, *source, *target;
  uint32_t attributes, create;
  bool optional;
};

/* "key=value" or "key", for a report. */
static void join_option (char out[256], const char *key, const char *value) {
  char *end = stpncpy (out, key, 100);
  *end = '\0';
  if (value)
    *stpncpy (put_text (end, "="), value, 100) = '\0';
}

static int set_options (struct child *child, int context, struct cursor *fields, uint32_t count) {
  for (uint32_t i = 0; i < count && !fields->bad; i++) {
    bool has_value = read_u32 (fields);
    const char *key = read_text (fields);
    const char *value = read_text (fields);
    if (fields->bad)
      break;
    unsigned command = has_value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    if (sys_fsconfig (context, command, key, has_value ? value : NULL, 0) < 0) {
      int error = errno;
      char object[256];
      join_option (object, key, has_value ? value : NULL);
      return fail_with (child, error, "fsconfig", object);
    }
  }
  return unreadable (child, fields) ? -1 : 0;
}

static int mount_new (struct child *child, const struct mount_fields *mount, struct cursor *fields) {
  uint32_t options = read_u32 (fields);
  cleanup_fd int context = sys_fsopen (mount->type);
  if (context < 0)
    return fail (child, "fsopen", mount->type);
  if (*mount->source && sys_fsconfig (context, FSCONFIG_SET_STRING, "source", mount->source, 0) < 0)
    return fail (child, "fsconfig", mount->source);
  if (set_options (child, context, fields, options) < 0)
    return -1;
  if (sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail (child, "fsconfig", mount->target);
  cleanup_fd int tree = sys_fsmount (context, mount->attributes);
  if (tree < 0)
    return fail (child, "fsmount", mount->target);
  cleanup_fd int target = open_target (child, mount->target, mount->create);
  if (target < 0)
    return -1;
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", mount->target) : 0;
}

int step_mount (struct child *child, struct cursor *fields) {
  struct mount_fields mount;
  mount.type = read_text (fields);
  mount.source = read_text (fields);
  mount.target = read_text (fields);
  mount.attributes = read_u32 (fields);
  mount.create = read_u32 (fields);
  mount.optional = read_u32 (fields);
  if (fields->bad)
    return fail_with (child, EBADMSG, "read", "plan");
  int result = mount_new (child, &mount, fields);
  return mount.optional && child->failure.error == ENODEV ? 0 : result;
}

struct bind_fields {
  const char *source, *target;
  bool recursive;
  uint32_t attributes, propagation, create;
  bool optional;
};

/* mount_setattr(2): the access time attributes are an enumeration, which must be cleared to be set. */
static int set_attributes (int tree, const struct bind_fields *bind) {
  struct mount_attr attr = { .attr_set = bind->attributes };
  if (bind->attributes & MOUNT_ATTR__ATIME)
    attr.attr_clr = MOUNT_ATTR__ATIME;
  /* A tree of one mount takes all at once. */
  if (!bind->recursive)
    attr.propagation = bind->propagation & ~(uint32_t)MS_REC;
  unsigned flags = AT_EMPTY_PATH | (bind->recursive ? AT_RECURSIVE : 0u);
  if ((attr.attr_set || attr.propagation) && sys_mount_setattr (tree, flags, &attr) < 0)
    return -1;
  if (!bind->recursive)
    return 0;
  struct mount_attr spread = { .propagation = bind->propagation & ~(uint32_t)MS_REC };
  flags = AT_EMPTY_PATH | (bind->propagation & MS_REC ? AT_RECURSIVE : 0u);
  return spread.propagation && sys_mount_setattr (tree, flags, &spread) < 0 ? -1 : 0;
}

int step_bind (struct child *child, struct cursor *fields) {
  struct bind_fields bind;
  struct stat st;
  bind.source = read_text (fields);
  bind.target = read_text (fields);
  bind.recursive = read_u32 (fields);
  bind.attributes = read_u32 (fields);
  bind.propagation = read_u32 (fields);
  bind.create = read_u32 (fields);
  bind.optional = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  unsigned flags = OPEN_TREE_CLONE | (bind.recursive ? AT_RECURSIVE : 0u);
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, bind.source, flags);
  if (tree < 0 || fstat (tree, &st) < 0)
    return fail (child, "open_tree", bind.source);
  if (set_attributes (tree, &bind) < 0)
    return fail (child, "mount_setattr", bind.target);
  if (bind.create != CREATE_NONE)
    bind.create = S_ISDIR (st.st_mode) ? CREATE_DIRECTORY : CREATE_FILE;
  cleanup_fd int target = open_target (child, bind.target, bind.create);
  if (target < 0)
    return bind.optional && child->failure.error == ENOENT ? 0 : -1;
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", bind.target) : 0;
}

static int mount_namespace (const char *process) {
  char path[64];
  put_text (put_text (put_text (path, "/proc/"), process), "/ns/mnt");
  return open (path, O_RDONLY | O_CLOEXEC);
}

/*
 * A mount can be cloned only by who is in its mount namespace (open_tree(2)), where its path leads nowhere but into that
 * container's own root.
 */
static int clone_from (struct child *child, int theirs, int own, const char *path) {
  if (sys_setns (theirs, CLONE_NEWNS) < 0)
    return fail (child, "setns", path);
  int tree = sys_open_tree (AT_FDCWD, path, OPEN_TREE_CLONE);
  if (tree < 0)
    fail (child, "open_tree", path);
  if (sys_setns (own, CLONE_NEWNS) == 0)
    return tree;
  close_fd (&tree);
  return fail (child, "setns", "/proc/self/ns/mnt");
}

int step_bind_of (struct child *child, struct cursor *fields) {
  pid_t pid = (pid_t)read_u32 (fields);
  uint64_t start_time = read_u64 (fields);
  struct bind_fields bind = { .source = read_text (fields), .attributes = read_u32 (fields) };
  char process[24];
  if (unreadable (child, fields))
    return -1;
  put_number (process, (uint64_t)pid);
  cleanup_fd int own = mount_namespace ("self");
  cleanup_fd int theirs = mount_namespace (process);
  if (own < 0 || theirs < 0)
    return fail (child, "open", "/proc/PID/ns/mnt");
  if (process_start_time (pid) != start_time)
    return fail_with (child, ESRCH, "open", "/proc/PID/ns/mnt");
  cleanup_fd int tree = clone_from (child, theirs, own, bind.source);
  if (tree < 0)
    return -1;
  if (set_attributes (tree, &bind) < 0)
    return fail (child, "mount_setattr", bind.source);
  cleanup_fd int target = open_target (child, bind.source, CREATE_DIRECTORY);
  if (target < 0)
    return -1;
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", bind.source) : 0;
}
