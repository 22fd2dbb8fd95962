#include "pack.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "archive/listing.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/own_files.h"
#include "content.h"
#include "xattrs.h"

/* One that is there, with the fd of a file or a folder, open for reading, else -1. */
struct found {
  int fd;
  struct stat st;
  const char *target; /* of a symbolic link; it is the packer's */
};

static void close_found (struct found *found) { close_fd (&found->fd); }

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

/* What the node, an O_PATH fd, is; a file or a folder is opened. */
static int look_at (struct packer *packer, int node, struct found *found) {
  if (fstat (node, &found->st) < 0)
    return -1;
  if (S_ISLNK (found->st.st_mode)) {
    ssize_t length = readlinkat (node, "", packer->target, sizeof packer->target - 1);
    packer->target[length < 0 ? 0 : length] = '\0';
    found->target = packer->target;
    return length < 0 ? -1 : 0;
  }
  if (!S_ISREG (found->st.st_mode) && !S_ISDIR (found->st.st_mode))
    return 0;
  found->fd = open_again (packer->own_files, node, O_RDONLY);
  return found->fd < 0 ? -1 : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int pack_child (struct packer *packer, int folder, const char *leaf) {
  __attribute__ ((cleanup (close_found))) struct found found = { .fd = -1 };
  if (packer->name.count >= PATH_MAX)
    return tree_problem (packer->problem, packer->name.data, "Cannot pack '%s': its path is longer than a path can be", leaf);
  cleanup_fd int node = openat (folder, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  /* The container has removed it meanwhile. */
  if (node < 0 && errno == ENOENT)
    return 0;
  if (node < 0 || look_at (packer, node, &found) < 0)
    return tree_problem_errno (packer->problem, packer->name.data, "read");
  close_fd (&node);
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
  struct listing listing;
  if (record_xattrs (&packer->archive, found->fd, name->data) < 0 ||
      archive_entry (&packer->archive, &(struct entry){ .name = name->data, .st = &found->st }) < 0)
    return -1;
  int result = listing_read (&listing, found->fd) < 0 ? tree_problem_errno (packer->problem, name->data, "read") : 0;
  for (size_t i = 0; i < listing.names.count && result == 0; i++) {
    const char *leaf = listing_name (&listing, i);
    name->count = length;
    result = bytes_add (name, leaf, strlen (leaf)) < 0 ? out_of_memory (packer) : pack_child (packer, found->fd, leaf);
  }
  listing_free (&listing);
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

int pack (struct packer *packer, const char *path, const char *name, bool follow) {
  __attribute__ ((cleanup (close_found))) struct found found = { .fd = -1 };
  cleanup_fd int node = in_root_open (packer->root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
  if (node < 0 || look_at (packer, node, &found) < 0)
    return tree_problem_errno (packer->problem, path, "read");
  if (S_ISSOCK (found.st.st_mode))
    return tree_problem (packer->problem, path, "Cannot pack '%s': it is a socket, which tar has no place for", path);
  if (bytes_add (&packer->name, name, strlen (name)) < 0)
    return out_of_memory (packer);
  return pack_found (packer, &found) < 0 ? -1 : archive_end (&packer->archive);
}
