#include "in_root.h"
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include "cleanup.h"
#include "syscalls.h"

#define RENAME_RETRIES 128

/* By an old kernel (ENOSYS), or by a seccomp filter that does not know openat2 (EPERM). */
static bool is_refused (int error) { return error == ENOSYS || error == EPERM; }

int in_root_open (int root, const char *path, int flags) {
  struct open_how how = {
    .flags = (unsigned)(flags | O_CLOEXEC),
    .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
  };
  /* EAGAIN: a rename or mount anywhere raced with ".."; openat2(2) says to try again. */
  for (int i = 0; i < RENAME_RETRIES; i++) {
    int fd = RETRY (sys_openat2 (root, path, &how));
    if (fd >= 0)
      return fd;
    if (is_refused (errno))
      return in_root_walk (root, path, flags);
    if (errno != EAGAIN)
      return -1;
  }
  return -1;
}

/* Copies a path without trailing slashes. */
static int copy_path (char out[PATH_MAX], const char *path) {
  size_t length = strlen (path);
  while (length > 0 && path[length - 1] == '/')
    length--;
  if (length >= PATH_MAX)
    return failed (ENAMETOOLONG);
  memcpy (out, path, length);
  out[length] = '\0';
  return 0;
}

int in_root_parent (int root, const char *path, const char **leaf) {
  char parent[PATH_MAX];
  if (copy_path (parent, path) < 0)
    return -1;
  char *slash = strrchr (parent, '/');
  size_t cut = slash ? (size_t)(slash - parent) + 1 : 0;
  *leaf = path + cut;
  const char *name = parent + cut;
  if (!*name || !strcmp (name, ".") || !strcmp (name, "..") || path[strlen (parent)])
    return failed (EINVAL);
  parent[cut] = '\0';
  return in_root_make (root, cut ? parent : "/", IN_ROOT_DIRECTORY, 0755);
}

int in_root_make (int root, const char *path, enum in_root_kind kind, mode_t mode) {
  int found = in_root_open (root, path, O_PATH);
  return found >= 0 || errno != ENOENT ? found : in_root_walk_make (root, path, kind, mode);
}

int beneath_open (int dir, const char *path, int flags) {
  struct open_how how = {
    .flags = (unsigned)(flags | O_CLOEXEC),
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
  };
  int fd = RETRY (sys_openat2 (dir, path, &how));
  if (fd >= 0 || !is_refused (errno))
    return fd;
  cleanup_fd int at = openat (dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat top, here;
  if (at < 0 || fstat (at, &top) < 0)
    return -1;
  while (*path) {
    char name[NAME_MAX + 1];
    size_t length = strcspn (path, "/");
    if (length == 0 || length > NAME_MAX)
      return failed (EINVAL);
    memcpy (name, path, length);
    name[length] = '\0';
    path += length + (path[length] == '/');
    if (!strcmp (name, ".."))
      return failed (EXDEV);
    int next = openat (at, name, (*path ? O_PATH | O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
      return -1;
    close_fd (&at);
    at = next;
    if (fstat (at, &here) < 0)
      return -1;
    if (here.st_dev != top.st_dev)
      return failed (EXDEV);
  }
  return steal_fd (&at);
}
