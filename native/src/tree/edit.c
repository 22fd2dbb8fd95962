#include "edit.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/memfd.h"
#include "base/own_files.h"
#include "base/remove_tree.h"
#include "base/syscalls.h"

#define PIECE (256u << 10)

/* A path, divided. */
struct place {
  int parent;
  char path[PATH_MAX]; /* without slashes at its end */
  const char *leaf;
};

static void close_place (struct place *place) { close_fd (&place->parent); }

/* The folder must be there. -1 and errno. */
static int find_place (int root, const char *path, struct place *place) {
  char parent[PATH_MAX];
  size_t length = strlen (path);
  while (length > 0 && path[length - 1] == '/')
    length--;
  if (length >= sizeof parent)
    return failed (ENAMETOOLONG);
  memcpy (place->path, path, length);
  place->path[length] = '\0';
  const char *slash = strrchr (place->path, '/');
  place->leaf = slash ? slash + 1 : place->path;
  if (!*place->leaf || !strcmp (place->leaf, ".") || !strcmp (place->leaf, ".."))
    return failed (EINVAL);
  size_t cut = (size_t)(place->leaf - place->path);
  memcpy (parent, place->path, cut);
  parent[cut] = '\0';
  place->parent = in_root_open (root, cut ? parent : "/", O_PATH | O_DIRECTORY);
  return place->parent < 0 ? -1 : 0;
}

static int make_with_parents (int root, const char *path, mode_t mode) {
  struct stat st;
  cleanup_fd int made = in_root_make (root, path, IN_ROOT_DIRECTORY, mode);
  if (made < 0 || fstat (made, &st) < 0)
    return -1;
  return S_ISDIR (st.st_mode) ? 0 : failed (EEXIST);
}

int make_folder (int root, const char *path, mode_t mode, bool recursive, struct problem *problem) {
  __attribute__ ((cleanup (close_place))) struct place place = { .parent = -1 };
  int made = recursive                                   ? make_with_parents (root, path, mode)
             : find_place (root, path, &place) < 0       ? -1
                                                         : mkdirat (place.parent, place.leaf, mode);
  return made < 0 ? tree_problem_errno (problem, path, "make the directory") : 0;
}

/* -1 and errno. */
static int remove_at (const struct place *place, bool recursive) {
  struct stat st;
  if (fstatat (place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return -1;
  if (!S_ISDIR (st.st_mode))
    return unlinkat (place->parent, place->leaf, 0);
  if (!recursive)
    return failed (EISDIR);
  int error = remove_tree_at (place->parent, place->leaf);
  return error < 0 ? failed (-error) : 0;
}

int remove_file (int root, const char *path, bool recursive, bool force, struct problem *problem) {
  __attribute__ ((cleanup (close_place))) struct place place = { .parent = -1 };
  if ((find_place (root, path, &place) < 0 || remove_at (&place, recursive) < 0) && !(force && errno == ENOENT))
    return tree_problem_errno (problem, path, "remove");
  return 0;
}

int rename_file (int root, const char *from, const char *to, struct problem *problem) {
  __attribute__ ((cleanup (close_place))) struct place old = { .parent = -1 }, new = { .parent = -1 };
  if (find_place (root, from, &old) < 0)
    return tree_problem_errno (problem, from, "rename");
  if (find_place (root, to, &new) < 0 || renameat (old.parent, old.leaf, new.parent, new.leaf) < 0)
    return tree_problem_errno (problem, to, "rename a file to");
  return 0;
}

/* An O_PATH fd. Its folder must be there, but that of what a link leads to is made. */
static int make_file (int root, const char *path, mode_t mode) {
  __attribute__ ((cleanup (close_place))) struct place place = { .parent = -1 };
  return find_place (root, path, &place) < 0 ? -1 : in_root_make (root, place.path, IN_ROOT_FILE, mode);
}

static int make_new_file (int root, const char *path, mode_t mode) {
  __attribute__ ((cleanup (close_place))) struct place place = { .parent = -1 };
  if (find_place (root, path, &place) < 0)
    return -1;
  return openat (place.parent, place.leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

/* Opened only once it is known to be a file: to open a device does things, and a pipe may wait for a reader. */
static int open_file (int root, int own_files, const char *path, const struct write_options *options, bool *made, struct problem *problem) {
  struct stat st;
  *made = options->exclusive;
  if (options->exclusive) {
    int fd = make_new_file (root, path, options->mode);
    return fd < 0 ? tree_problem_errno (problem, path, "make the file") : fd;
  }
  cleanup_fd int node = in_root_open (root, path, O_PATH);
  if (node < 0 && errno == ENOENT) {
    node = make_file (root, path, options->mode);
    *made = true;
  }
  if (node < 0 || fstat (node, &st) < 0)
    return tree_problem_errno (problem, path, "write");
  if (!S_ISREG (st.st_mode)) {
    errno = S_ISDIR (st.st_mode) ? EISDIR : EINVAL;
    return tree_problem_errno (problem, path, "write");
  }
  int fd = open_again (own_files, node, O_WRONLY | (options->append ? O_APPEND : O_TRUNC));
  return fd < 0 ? tree_problem_errno (problem, path, "write") : fd;
}

int write_file (int root, int own_files, const char *path, const struct write_options *options, int in, uint64_t *bytes, struct problem *problem) {
  static char piece[PIECE];
  ssize_t count;
  bool made;
  cleanup_fd int fd = open_file (root, own_files, path, options, &made, problem);
  if (fd < 0)
    return -1;
  while ((count = RETRY (read (in, piece, sizeof piece))) > 0) {
    if (write_all (fd, piece, (size_t)count) < 0)
      return tree_problem_errno (problem, path, "write");
    *bytes += (uint64_t)count;
  }
  /* In a user namespace each write takes set-user-ID and set-group-ID away. */
  if (count == 0 && made && options->mode & (S_ISUID | S_ISGID) && fchmod (fd, options->mode) < 0)
    return tree_problem_errno (problem, path, "set the mode of");
  /* Only some network file systems tell an error at the end. */
  return count < 0 || close (steal_fd (&fd)) < 0 ? tree_problem_errno (problem, path, "write") : 0;
}
