#include "pack.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "content.h"
#include "names.h"
#include "xattrs.h"

/* One that is there, with the fd of a file or a folder, open for reading, else -1. */
struct found {
  int fd;
  struct stat st;
  const char *target; /* of a symbolic link; it is the packer's */
};

static int out_of_memory (struct packer *packer) {
  return tree_problem (packer->problem, packer->name.data, "Cannot pack '%s': out of memory", packer->name.data);
}

static int pack_file (struct packer *packer, const struct found *found) {
  const char *name = packer->name.data;
  const char *earlier = found->st.st_nlink > 1 ? earlier_name (&packer->links, &found->st, name) : NULL;
  if (!earlier && errno == ENOMEM && found->st.st_nlink > 1)
    return out_of_memory (packer);
  if (earlier)
    return archive_entry (&packer->archive, &(struct entry){ .name = name, .st = &found->st, .target = earlier, .is_hard_link = true });
  if (record_xattrs (&packer->archive, found->fd, name) < 0)
    return -1;
  return pack_content (&packer->archive, found->fd, &found->st, name);
}

static int pack_found (struct packer *packer, const struct found *found);

/* Another file may be there by now, or none: then the container has changed it, and it is left out. */
static bool is_gone (int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO; }

/* The leaf may be "", and the folder the link itself. */
static int read_target (struct packer *packer, int folder, const char *leaf, struct found *found) {
  ssize_t length = readlinkat (folder, leaf, packer->target, sizeof packer->target - 1);
  if (length < 0)
    return -1;
  packer->target[length] = '\0';
  found->target = packer->target;
  return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int pack_child (struct packer *packer, int folder, const char *leaf) {
  struct found found = { .fd = -1 };
  if (packer->name.count >= PATH_MAX)
    return tree_problem (packer->problem, packer->name.data, "Cannot pack '%s': its path is longer than a path can be", leaf);
  if (fstatat (folder, leaf, &found.st, AT_SYMLINK_NOFOLLOW) < 0)
    return is_gone (errno) ? 0 : tree_problem_errno (packer->problem, packer->name.data, "read");
  mode_t type = found.st.st_mode & S_IFMT;
  if (type == S_IFLNK && read_target (packer, folder, leaf, &found) < 0)
    return is_gone (errno) || errno == EINVAL ? 0 : tree_problem_errno (packer->problem, packer->name.data, "read");
  cleanup_fd int fd = -1;
  if (type == S_IFREG || type == S_IFDIR) {
    fd = found.fd = openat (folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (type == S_IFDIR ? O_DIRECTORY : 0));
    if (fd < 0)
      return is_gone (errno) ? 0 : tree_problem_errno (packer->problem, packer->name.data, "read");
    if (fstat (fd, &found.st) < 0 || (found.st.st_mode & S_IFMT) != type)
      return 0;
  }
  return pack_found (packer, &found);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path can be */
static int pack_folder (struct packer *packer, const struct found *found) {
  struct bytes *name = &packer->name;
  size_t length = name->count;
  if (bytes_add (name, length ? "/" : "./", length ? 1 : 2) < 0)
    return out_of_memory (packer);
  if (length)
    length = name->count;
  struct names names;
  if (record_xattrs (&packer->archive, found->fd, name->data) < 0 ||
      archive_entry (&packer->archive, &(struct entry){ .name = name->data, .st = &found->st }) < 0)
    return -1;
  if (names_read (&names, found->fd) < 0)
    return tree_problem_errno (packer->problem, name->data, "read");
  int result = 0;
  for (size_t i = 0; i < names.count && result == 0; i++) {
    name->count = length;
    result = bytes_add (name, names.sorted[i], strlen (names.sorted[i])) < 0 ? out_of_memory (packer)
                                                                             : pack_child (packer, found->fd, names.sorted[i]);
  }
  names_free (&names);
  return result;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int pack_found (struct packer *packer, const struct found *found) {
  packer->entries++;
  switch (found->st.st_mode & S_IFMT) {
    case S_IFDIR: return pack_folder (packer, found);
    case S_IFREG: return pack_file (packer, found);
    case S_IFSOCK: packer->entries--; return 0;
    default:
      return archive_entry (&packer->archive, &(struct entry){ .name = packer->name.data, .st = &found->st, .target = found->target });
  }
}

static int not_found (struct packer *packer, const char *path) { return tree_problem_errno (packer->problem, path, "read"); }

int pack (struct packer *packer, const char *path, const char *name, bool follow) {
  struct found found = { .fd = -1 };
  const int link = follow ? 0 : O_NOFOLLOW;
  cleanup_fd int node = in_root_open (packer->root, path, O_PATH | link);
  if (node < 0 || fstat (node, &found.st) < 0)
    return not_found (packer, path);
  mode_t type = found.st.st_mode & S_IFMT;
  cleanup_fd int fd = -1;
  if (type == S_IFREG || type == S_IFDIR) {
    struct stat st;
    fd = found.fd = in_root_open (packer->root, path, O_RDONLY | O_NONBLOCK | link | (type == S_IFDIR ? O_DIRECTORY : 0));
    if (fd < 0 || fstat (fd, &st) < 0)
      return not_found (packer, path);
    if (st.st_ino != found.st.st_ino || st.st_dev != found.st.st_dev)
      return tree_problem (packer->problem, path, "Cannot read '%s': it was replaced meanwhile; try again", path);
  }
  if (type == S_IFLNK && read_target (packer, node, "", &found) < 0)
    return not_found (packer, path);
  if (type == S_IFSOCK)
    return tree_problem (packer->problem, path, "Cannot pack '%s': it is a socket, which tar has no place for", path);
  if (bytes_add (&packer->name, name, strlen (name)) < 0)
    return out_of_memory (packer);
  return pack_found (packer, &found) < 0 ? -1 : archive_end (&packer->archive);
}
