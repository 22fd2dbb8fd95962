/* Every component is opened without following links. ".." goes back to the fd it came from, so a rename cannot mislead it. */
#include "walk.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "cleanup.h"
#include "syscalls.h"

#define MAX_DEPTH 128
#define MAX_LINKS 40
#define MAKE_TRIES 16 /* another process may remove what was made */

struct walk {
  int fds[MAX_DEPTH + 1]; /* the root, and each component walked into */
  int depth;
  int links;
  char rest[PATH_MAX]; /* the part of the path still to walk */
  char name[NAME_MAX + 1];
  enum in_root_kind make; /* 0: nothing is made */
  mode_t mode;
};

static void walk_up (struct walk *walk, int depth) {
  while (walk->depth > depth)
    close_fd (&walk->fds[walk->depth--]);
}

static void walk_end (struct walk *walk) {
  walk_up (walk, -1);
}

/* Moves the next component from `rest` to `name`. 1, or 0 at the end. */
static int next_name (struct walk *walk) {
  size_t skip = strspn (walk->rest, "/");
  size_t length = strcspn (walk->rest + skip, "/");
  if (length == 0)
    return 0;
  if (length > NAME_MAX)
    return failed (ENAMETOOLONG);
  memcpy (walk->name, walk->rest + skip, length);
  walk->name[length] = '\0';
  memmove (walk->rest, walk->rest + skip + length, strlen (walk->rest + skip + length) + 1);
  return 1;
}

/* Puts the target of a link in front of the rest. */
static int follow (struct walk *walk, int link) {
  struct statfs fs;
  if (++walk->links > MAX_LINKS || fstatfs (link, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC)
    return failed (ELOOP);
  char target[PATH_MAX];
  ssize_t length = readlinkat (link, "", target, sizeof target - 1);
  if (length < 0)
    return -1;
  size_t rest = strlen (walk->rest); /* the rest is empty or begins with a slash */
  if (length == 0 || (size_t)length + rest + 1 > sizeof walk->rest)
    return failed (length == 0 ? ENOENT : ENAMETOOLONG);
  memmove (walk->rest + length, walk->rest, rest + 1);
  memcpy (walk->rest, target, (size_t)length);
  if (target[0] == '/')
    walk_up (walk, 0);
  return 0;
}

static int make_component (struct walk *walk, bool last) {
  int at = walk->fds[walk->depth];
  if (!last || walk->make == IN_ROOT_DIRECTORY)
    return mkdirat (at, walk->name, last ? walk->mode : 0755);
  cleanup_fd int made = openat (at, walk->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, walk->mode);
  return made < 0 ? -1 : 0;
}

/* The component itself, not its target if it is a link. */
static int open_component (struct walk *walk, bool last) {
  for (int i = 0; i < MAKE_TRIES; i++) {
    int fd = openat (walk->fds[walk->depth], walk->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || !walk->make)
      return fd;
    if (make_component (walk, last) < 0 && errno != EEXIST)
      return -1;
  }
  return failed (EAGAIN);
}

static int step_into (struct walk *walk, int flags) {
  if (!strcmp (walk->name, "."))
    return 0;
  if (!strcmp (walk->name, "..")) {
    if (walk->depth > 0)
      walk_up (walk, walk->depth - 1);
    return 0;
  }
  bool last = !walk->rest[strspn (walk->rest, "/")];
  cleanup_fd int fd = open_component (walk, last);
  struct stat st;
  if (fd < 0 || fstat (fd, &st) < 0)
    return -1;
  if (S_ISLNK (st.st_mode) && !(last && (flags & O_NOFOLLOW)))
    return follow (walk, fd);
  if ((walk->rest[0] || (flags & O_DIRECTORY)) && !S_ISDIR (st.st_mode))
    return failed (ENOTDIR);
  if (walk->depth == MAX_DEPTH)
    return failed (ENAMETOOLONG);
  walk->fds[++walk->depth] = steal_fd (&fd);
  return 0;
}

/* Opens the file that was found, and checks that it is still the same one. */
static int open_found (struct walk *walk, int flags) {
  int found = walk->fds[walk->depth];
  struct stat wanted, opened;
  if (fstat (found, &wanted) < 0)
    return -1;
  if (walk->depth == 0 || S_ISDIR (wanted.st_mode))
    return openat (found, ".", flags | O_CLOEXEC);
  cleanup_fd int fd = openat (walk->fds[walk->depth - 1], walk->name, flags | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &opened) < 0)
    return -1;
  if (wanted.st_dev != opened.st_dev || wanted.st_ino != opened.st_ino)
    return failed (EAGAIN);
  return steal_fd (&fd);
}

static int walk_path (int root, const char *path, int flags, enum in_root_kind make, mode_t mode) {
  if (!*path)
    return failed (ENOENT);
  if (strlen (path) >= PATH_MAX)
    return failed (ENAMETOOLONG);
  __attribute__ ((cleanup (walk_end))) struct walk walk;
  walk.depth = walk.links = 0;
  walk.make = make;
  walk.mode = mode;
  strcpy (walk.rest, path);
  walk.fds[0] = fcntl (root, F_DUPFD_CLOEXEC, 0);
  if (walk.fds[0] < 0)
    return -1;
  int more;
  while ((more = next_name (&walk)) > 0)
    if (step_into (&walk, flags) < 0)
      return -1;
  if (more < 0)
    return -1;
  return flags & O_PATH ? steal_fd (&walk.fds[walk.depth]) : open_found (&walk, flags);
}

int in_root_walk (int root, const char *path, int flags) {
  return walk_path (root, path, flags, 0, 0);
}

int in_root_walk_make (int root, const char *path, enum in_root_kind kind, mode_t mode) {
  return walk_path (root, path, O_PATH, kind, mode);
}
