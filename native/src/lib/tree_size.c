#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "base/cleanup.h"
#include "base/text.h"
#include "include/liker.h"

/* Deeper folders are not counted: a container's tree must not use up the stack. */
#define MAX_DEPTH 2048

static int64_t size_of (int folder, const char *name, int depth);

static int64_t size_of_entries (int folder, int depth) {
  int64_t bytes = 0;
  ssize_t length;
  _Alignas (struct dirent64) char buffer[4096];
  while ((length = syscall (SYS_getdents64, folder, buffer, sizeof buffer)) > 0)
    for (ssize_t at = 0; at < length;) {
      struct dirent64 *entry = (struct dirent64 *)(buffer + at);
      at += entry->d_reclen;
      if (!is_dots (entry->d_name))
        bytes += size_of (folder, entry->d_name, depth);
    }
  return bytes;
}

/* An entry that is removed meanwhile has size 0. */
static int64_t size_of (int folder, const char *name, int depth) {
  struct stat st;
  if (fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return 0;
  if (!S_ISDIR (st.st_mode))
    return st.st_size;
  cleanup_fd int child = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return child < 0 || !depth ? 0 : size_of_entries (child, depth - 1);
}

int64_t liker_tree_size (const char *path) {
  return size_of (AT_FDCWD, path, MAX_DEPTH);
}
