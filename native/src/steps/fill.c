/*
 * Copies what the root has at a path into a volume that is used for the first time. The files are not trusted: every name is opened
 * without following links. Device nodes are left out, since root inside a user namespace cannot make any.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include "base/cleanup.h"
#include "base/entries.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"
#include "target.h"

#define MAX_DEPTH 256
#define XATTR_NAMES_MAX 65536
#define XATTR_VALUE_MAX 65536
#define CHUNK (1u << 30)

/* A file with several names, and the first of them in the copy. */
struct linked {
  struct linked *next;
  dev_t device;
  ino_t inode;
  char path[];
};

struct copy {
  struct child *child;
  int volume;
  int depth;
  char path[PATH_MAX]; /* of the current entry, relative to the volume: for messages and hard links */
  struct linked *linked;
};

static int copy_failed (const struct copy *copy, const char *call) { return fail (copy->child, call, copy->path); }

static int copy_xattr (const struct copy *copy, int from, int to, const char *name) {
  static char value[XATTR_VALUE_MAX];
  ssize_t size = fgetxattr (from, name, value, sizeof value);
  if (size < 0)
    return errno == ENODATA || errno == EOPNOTSUPP ? 0 : copy_failed (copy, "fgetxattr");
  /* Labels that this kernel or user may not set are left out, as cp -a does. */
  if (fsetxattr (to, name, value, (size_t)size, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
    return copy_failed (copy, "fsetxattr");
  return 0;
}

static int copy_xattrs (const struct copy *copy, int from, int to) {
  static char names[XATTR_NAMES_MAX];
  ssize_t size = flistxattr (from, names, sizeof names);
  if (size < 0)
    return errno == EOPNOTSUPP ? 0 : copy_failed (copy, "flistxattr");
  for (const char *name = names; name < names + size; name += strlen (name) + 1)
    if (copy_xattr (copy, from, to, name) < 0)
      return -1;
  return 0;
}

/* The owner first: chown(2) clears set-user-id bits and file capabilities. */
static int copy_attributes (const struct copy *copy, const struct stat *st, int from, int to) {
  if (fchown (to, st->st_uid, st->st_gid) < 0)
    return copy_failed (copy, "fchown");
  if (fchmod (to, st->st_mode & 07777) < 0)
    return copy_failed (copy, "fchmod");
  if (copy_xattrs (copy, from, to) < 0)
    return -1;
  const struct timespec times[2] = { st->st_atim, st->st_mtim };
  return futimens (to, times) < 0 ? copy_failed (copy, "futimens") : 0;
}

static int copy_data (const struct copy *copy, int from, int to) {
  bool shares = true; /* copy_file_range(2), which may share blocks, is not there between all file systems */
  for (;;) {
    ssize_t moved = RETRY (shares ? copy_file_range (from, NULL, to, NULL, CHUNK, 0) : sendfile (to, from, NULL, CHUNK));
    if (moved == 0)
      return 0;
    if (moved > 0)
      continue;
    if (!shares)
      return copy_failed (copy, "sendfile");
    shares = false;
  }
}

static int copy_file (const struct copy *copy, const struct stat *st, int from_folder, int to_folder, const char *name) {
  cleanup_fd int from = openat (from_folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (from < 0)
    return copy_failed (copy, "openat");
  cleanup_fd int to = openat (to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0)
    return copy_failed (copy, "openat");
  return copy_data (copy, from, to) < 0 ? -1 : copy_attributes (copy, st, from, to);
}

static int copy_link (const struct copy *copy, int from_folder, int to_folder, const char *name) {
  char to[PATH_MAX];
  ssize_t length = readlinkat (from_folder, name, to, sizeof to - 1);
  if (length < 0)
    return copy_failed (copy, "readlinkat");
  to[length] = '\0';
  return symlinkat (to, to_folder, name) < 0 ? copy_failed (copy, "symlinkat") : 0;
}

/* Of a link or a special file, which is not opened. */
static int copy_owner (const struct copy *copy, const struct stat *st, int folder, const char *name) {
  if (fchownat (folder, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
    return copy_failed (copy, "fchownat");
  if (!S_ISLNK (st->st_mode) && fchmodat (folder, name, st->st_mode & 07777, 0) < 0)
    return copy_failed (copy, "fchmodat");
  const struct timespec times[2] = { st->st_atim, st->st_mtim };
  return utimensat (folder, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? copy_failed (copy, "utimensat") : 0;
}

static const struct linked *find_linked (const struct copy *copy, const struct stat *st) {
  const struct linked *linked = copy->linked;
  while (linked && (linked->inode != st->st_ino || linked->device != st->st_dev))
    linked = linked->next;
  return linked;
}

static int remember_linked (struct copy *copy, const struct stat *st) {
  struct linked *linked = malloc (sizeof *linked + strlen (copy->path) + 1);
  if (!linked)
    return copy_failed (copy, "malloc");
  linked->next = copy->linked;
  linked->device = st->st_dev;
  linked->inode = st->st_ino;
  strcpy (linked->path, copy->path);
  copy->linked = linked;
  return 0;
}

static int copy_folder (struct copy *copy, const struct stat *st, int from, int to);

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int copy_subfolder (struct copy *copy, const struct stat *st, int from_folder, int to_folder, const char *name) {
  if (copy->depth == MAX_DEPTH)
    return fail_with (copy->child, ELOOP, "openat", copy->path);
  if (mkdirat (to_folder, name, 0700) < 0 && errno != EEXIST)
    return copy_failed (copy, "mkdirat");
  cleanup_fd int from = openat (from_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  cleanup_fd int to = openat (to_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (from < 0 || to < 0)
    return copy_failed (copy, "openat");
  copy->depth++;
  int result = copy_folder (copy, st, from, to);
  copy->depth--;
  return result;
}

static int copy_other (struct copy *copy, const struct stat *st, int from_folder, int to_folder, const char *name) {
  if (S_ISCHR (st->st_mode) || S_ISBLK (st->st_mode))
    return 0;
  /* What an attempt that was cut short has left. */
  if (unlinkat (to_folder, name, 0) < 0 && errno != ENOENT)
    return copy_failed (copy, "unlinkat");
  const struct linked *first = st->st_nlink > 1 ? find_linked (copy, st) : NULL;
  if (first)
    return linkat (copy->volume, first->path, to_folder, name, 0) < 0 ? copy_failed (copy, "linkat") : 0;
  if (st->st_nlink > 1 && remember_linked (copy, st) < 0)
    return -1;
  if (S_ISREG (st->st_mode))
    return copy_file (copy, st, from_folder, to_folder, name);
  if (S_ISLNK (st->st_mode) && copy_link (copy, from_folder, to_folder, name) < 0)
    return -1;
  if (!S_ISLNK (st->st_mode) && mknodat (to_folder, name, st->st_mode, 0) < 0)
    return copy_failed (copy, "mknodat");
  return copy_owner (copy, st, to_folder, name);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int copy_entry (struct copy *copy, int from, int to, const char *name) {
  size_t length = strlen (copy->path);
  if (length + strlen (name) + 2 > sizeof copy->path)
    return fail_with (copy->child, ENAMETOOLONG, "openat", copy->path);
  put_text (length ? put_text (copy->path + length, "/") : copy->path, name);
  struct stat st;
  int result = fstatat (from, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? copy_failed (copy, "fstatat")
               : S_ISDIR (st.st_mode)                              ? copy_subfolder (copy, &st, from, to, name)
                                                                   : copy_other (copy, &st, from, to, name);
  if (result == 0)
    copy->path[length] = '\0';
  return result;
}

/* The times of a folder come last, since its entries change them. */
/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static int copy_folder (struct copy *copy, const struct stat *st, int from, int to) {
  struct entries entries;
  const char *name;
  entries_begin (&entries, from);
  while ((name = next_entry (&entries)))
    if (copy_entry (copy, from, to, name) < 0)
      return -1;
  return errno ? copy_failed (copy, "getdents64") : copy_attributes (copy, st, from, to);
}

/* 1, 0, or -1 and errno. */
static int is_empty (int folder) {
  struct entries entries;
  entries_begin (&entries, folder);
  if (next_entry (&entries))
    return 0;
  return errno ? -1 : 1;
}

static int copy_root (struct child *child, int from, int volume, const char *target) {
  struct copy copy = { .child = child, .volume = volume };
  struct stat st;
  if (fstat (from, &st) < 0)
    return fail (child, "fstat", target);
  int result = copy_folder (&copy, &st, from, volume);
  while (copy.linked) {
    struct linked *next = copy.linked->next;
    free (copy.linked);
    copy.linked = next;
  }
  if (result < 0)
    return -1;
  /* The volume is told to be filled for good once the program runs, which must hold after a power cut, too. */
  return syncfs (volume) < 0 ? fail (child, "syncfs", target) : 0;
}

int step_fill (struct child *child, struct cursor *fields) {
  uint32_t number = read_u32 (fields);
  const char *target = read_text (fields);
  bool again = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  int root = child_root (child), tree = held (child, number);
  if (root < 0 || tree < 0)
    return -1;
  cleanup_fd int from = in_root_open (root, target, O_RDONLY | O_DIRECTORY);
  if (from < 0)
    return errno == ENOENT ? 0 : fail (child, "openat2", target);
  cleanup_fd int volume = openat (tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int empty = volume < 0 ? -1 : is_empty (volume);
  if (empty < 0)
    return fail (child, "openat", target);
  return empty || again ? copy_root (child, from, volume, target) : 0;
}
