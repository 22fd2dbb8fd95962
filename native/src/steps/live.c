/*
 * Mounts in a container that runs. likerd's rights end where its namespaces are entered; what is made before, as trees, comes along.
 * These steps are no part of a start: a process of its own does them (shim/query_steps.c), which nobody in the container can see.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/memfd.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "inner.h"
#include "step.h"
#include "target.h"

int step_enter_container (struct child *child, struct cursor *fields) {
  pid_t pid = (pid_t)read_u32 (fields);
  uint64_t start_time = read_u64 (fields);
  bool enters_user = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int process = open_same_process (pid, start_time);
  if (process < 0)
    return fail (child, "pidfd_open", "container");
  if (sys_setns (process, CLONE_NEWNS | (enters_user ? CLONE_NEWUSER : 0)) < 0)
    return fail (child, "setns", "container");
  close_fd (&child->root);
  return enters_user ? become_inner_root (child) : 0;
}

/* Where the fd is, as this mount namespace names it: no link, no "..". 0, or -1 with a failure. */
static int place_of (struct child *child, int fd, const char *name, char place[PATH_MAX]) {
  char link[32];
  put_number (put_text (link, "self/fd/"), (uint64_t)fd);
  ssize_t length = readlinkat (child->proc, link, place, PATH_MAX);
  if (length < 0)
    return fail (child, "readlinkat", name);
  if (length == PATH_MAX)
    return fail_with (child, ENAMETOOLONG, "readlinkat", name);
  place[length] = '\0';
  return 0;
}

/* The text of a file, with a NUL. Free it. NULL and errno on failure. */
static char *read_text_of (int file) {
  size_t length = 0, room = 64u << 10;
  char *text = malloc (room);
  while (text) {
    ssize_t got = RETRY (read (file, text + length, room - 1 - length));
    if (got < 0)
      break;
    length += (size_t)got;
    text[length] = '\0';
    if (got == 0)
      return text;
    if (length < room - 1)
      continue;
    char *grown = realloc (text, room *= 2);
    if (!grown)
      break;
    text = grown;
  }
  free (text);
  return NULL;
}

static bool is_octal (const char *at) {
  return at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
}

/* Ends the field at its space, and replaces the kernel's \ooo, in place. Returns what follows the field. */
static char *end_field (char *field) {
  char *to = field;
  for (; *field && *field != ' ' && *field != '\n'; to++)
    if (is_octal (field)) {
      *to = (char)((field[1] - '0') * 64 + (field[2] - '0') * 8 + (field[3] - '0'));
      field += 4;
    } else
      *to = *field++;
  char *next = *field ? field + 1 : field;
  *to = '\0';
  return next;
}

/* The mount point of the line at *line, which moves on; NULL at the end. */
static const char *next_mount (char **line) {
  char *field = *line;
  for (int i = 0; i < 4 && field; i++) {
    field = strchr (field, ' ');
    field = field ? field + 1 : NULL;
  }
  if (!field)
    return NULL;
  char *rest = end_field (field);
  char *end = strchr (rest, '\n');
  *line = end ? end + 1 : rest + strlen (rest);
  return field;
}

/* The places of the mounts that can be seen here, each mount behind the one that it is in. */
struct mounts {
  char *text;
  const char **places;
  size_t count;
};

static void free_mounts (struct mounts *mounts) {
  free (mounts->places);
  free (mounts->text);
}

/* 0, or -1 with a failure; free them in any case. */
static int read_mounts (struct child *child, struct mounts *mounts) {
  cleanup_fd int file = openat (child->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail (child, "openat", "/proc/self/mountinfo");
  mounts->text = read_text_of (file);
  if (!mounts->text)
    return fail (child, "read", "/proc/self/mountinfo");
  size_t lines = 0;
  for (const char *at = mounts->text; (at = strchr (at, '\n')); at++)
    lines++;
  mounts->places = calloc (lines + 1, sizeof *mounts->places);
  if (!mounts->places)
    return fail (child, "calloc", "");
  char *line = mounts->text;
  while (mounts->count < lines && (mounts->places[mounts->count] = next_mount (&line)))
    mounts->count++;
  return 0;
}

static bool is_below (const char *path, const char *place) {
  size_t length = strlen (place);
  return strncmp (path, place, length) == 0 && path[length] == '/';
}

/* A mount over others would hide them, and with them what the container may not see. */
static int check_free (struct child *child, const char *place) {
  struct mounts mounts = { 0 };
  int result = read_mounts (child, &mounts);
  for (size_t i = 0; result == 0 && i < mounts.count; i++)
    if (strcmp (mounts.places[i], place) == 0 || is_below (mounts.places[i], place))
      result = fail_with (child, EBUSY, "move_mount", mounts.places[i]);
  free_mounts (&mounts);
  return result;
}

int step_add_mount (struct child *child, struct cursor *fields) {
  char place[PATH_MAX];
  uint32_t number = read_u32 (fields);
  const char *name = read_text (fields);
  struct mount_attr attr = { .attr_set = read_u32 (fields) };
  bool optional = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  if (optional && holds_nothing (child, number))
    return 0;
  int tree = held (child, number);
  if (tree < 0)
    return -1;
  cleanup_fd int target = open_target_of (child, name, tree);
  if (target < 0 || place_of (child, target, name, place) < 0 || check_free (child, place) < 0)
    return -1;
  if (attr.attr_set && sys_mount_setattr (tree, AT_EMPTY_PATH, &attr) < 0)
    return fail (child, "mount_setattr", name);
  return put_tree (child, tree, target, name);
}

/* The folder with the first `length` bytes of this path becomes the working directory. No link is followed. */
static int enter_folder (const char *path, size_t length) {
  const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
  char folder[PATH_MAX];
  if (length >= sizeof folder)
    return failed (ENAMETOOLONG);
  memcpy (folder, path, length);
  folder[length] = '\0';
  cleanup_fd int fd = RETRY (sys_openat2 (AT_FDCWD, folder, &how));
  return fd < 0 ? -1 : fchdir (fd);
}

/* Of a path that another mount hides: there is something else now, or nothing. */
static bool is_hidden (int error) { return error == ENOENT || error == EINVAL || error == ENOTDIR || error == ELOOP; }

/*
 * By its name in its folder: on the way of a path, the container could put a link, and have another mount removed, such as one that hides
 * a file of procfs.
 */
static int unmount (struct child *child, const char *place, int flags) {
  const char *slash = strrchr (place, '/'), *leaf = slash ? slash + 1 : place;
  bool is_gone = enter_folder (place, (size_t)(leaf - place)) == 0 && sys_umount2 (leaf, UMOUNT_NOFOLLOW | flags) == 0;
  return is_gone || is_hidden (errno) ? 0 : fail (child, "umount2", place);
}

/* With what is mounted below it, the last first. */
static int unmount_all (struct child *child, const struct mounts *mounts, const char *place, bool lazy) {
  bool is_mounted = false;
  for (size_t i = mounts->count; i-- > 0;) {
    is_mounted = is_mounted || strcmp (mounts->places[i], place) == 0;
    if (!lazy && is_below (mounts->places[i], place) && unmount (child, mounts->places[i], 0) < 0)
      return -1;
  }
  return is_mounted ? unmount (child, place, lazy ? MNT_DETACH : 0) : 0;
}

/* An fd in the mount would keep it busy. */
static int find_place (struct child *child, const char *target, char place[PATH_MAX]) {
  int root = child_root (child);
  if (root < 0)
    return -1;
  cleanup_fd int fd = in_root_open (root, target, O_PATH);
  if (fd < 0)
    return fail (child, "openat2", target);
  return place_of (child, fd, target, place);
}

int step_remove_mount (struct child *child, struct cursor *fields) {
  char place[PATH_MAX];
  struct mounts mounts = { 0 };
  const char *target = read_text (fields);
  bool lazy = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  /* A program in the container may have unmounted it, and removed the target. */
  if (find_place (child, target, place) < 0)
    return child->failure.error == ENOENT ? 0 : -1;
  int result = read_mounts (child, &mounts);
  if (result == 0)
    result = unmount_all (child, &mounts, place, lazy);
  free_mounts (&mounts);
  return result;
}

/* Each file that a start places (files.c) is the root of a mount of a tmpfs. */
static bool is_placed (int fd) {
  struct statx status;
  struct statfs system;
  return statx (fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) == 0 && S_ISREG (status.stx_mode) &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) && fstatfs (fd, &system) == 0 && system.f_type == TMPFS_MAGIC;
}

/* By a mount of its own, which can be written to if the container's cannot. -1 with a failure. */
static int open_to_write (struct child *child, int fd, const char *name) {
  struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY };
  char link[32];
  cleanup_fd int tree = sys_open_tree (fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
  if (tree < 0)
    return fail (child, "open_tree", name);
  if (sys_mount_setattr (tree, AT_EMPTY_PATH, &writable) < 0)
    return fail (child, "mount_setattr", name);
  put_number (put_text (link, "self/fd/"), (uint64_t)tree);
  int file = openat (child->proc, link, O_WRONLY | O_CLOEXEC);
  return file < 0 ? fail (child, "openat", name) : file;
}

/* The old text ends after the new one is there: whoever reads meanwhile does not find it empty. */
int step_rewrite_file (struct child *child, struct cursor *fields) {
  const char *target = read_text (fields);
  const char *content = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  int root = child_root (child);
  if (root < 0)
    return -1;
  cleanup_fd int found = in_root_open (root, target, O_PATH);
  if (found < 0)
    return errno == ENOENT ? 0 : fail (child, "openat2", target);
  if (!is_placed (found))
    return 0;
  cleanup_fd int file = open_to_write (child, found, target);
  if (file < 0)
    return -1;
  size_t size = strlen (content);
  bool is_written = write_all (file, content, size) == 0 && ftruncate (file, (off_t)size) == 0;
  return is_written ? 0 : fail (child, "write", target);
}
