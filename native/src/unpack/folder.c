#include "folder.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "owner.h"
#include "xattrs.h"

static int remember (struct tree *tree, const struct entry *entry, const char *name, bool made) {
  struct late_folder folder = {
    .made = made, .mode = entry->mode, .uid = entry->uid, .gid = entry->gid, .mtime = entry->mtime, .name = add_text (tree, name)
  };
  if (folder.name == SIZE_MAX || keep_xattrs (tree, &folder.xattrs, &folder.xattr_count) < 0 ||
      records_add (&tree->folders, sizeof folder, &folder, 1) == SIZE_MAX)
    return out_of_memory (tree, name);
  return 0;
}

int add_root (struct tree *tree, const struct entry *entry) {
  if (entry->is_hard_link || entry->type != S_IFDIR)
    return problem_put (tree->problem, BAD_ARCHIVE, entry->name, "Cannot unpack '%s': the root of a layer is a folder", entry->name);
  return remember (tree, entry, "", false);
}

/* Stays as it is if it is a folder: 0. 1: it was made. */
static int make (struct tree *tree, const struct place *place) {
  struct stat st;
  if (mkdirat (place->parent, place->leaf, 0755) == 0)
    return 1;
  if (errno != EEXIST || fstatat (place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return problem_errno (tree->problem, place->name, "create");
  if (S_ISDIR (st.st_mode))
    return 0;
  if (tree->is_shared)
    return problem_put (tree->problem, BAD_ARCHIVE, place->name, "Cannot replace '%s', which is not a directory, by one", place->name);
  if (clear_place (tree, place) < 0)
    return -1;
  return mkdirat (place->parent, place->leaf, 0755) < 0 ? problem_errno (tree->problem, place->name, "create") : 1;
}

int add_folder (struct tree *tree, const struct entry *entry, const struct place *place) {
  int made = make (tree, place);
  return made < 0 ? -1 : remember (tree, entry, place->name, made > 0);
}

static int set_metadata (struct tree *tree, int fd, const struct late_folder *folder, const char *name) {
  struct stat st;
  const struct timespec times[2] = { folder->mtime, folder->mtime };
  if (fstat (fd, &st) < 0)
    return problem_errno (tree->problem, name, "stat");
  if (folder->made)
    tree->disk_bytes += (uint64_t)st.st_blocks * 512;
  if ((st.st_uid != folder->uid || st.st_gid != folder->gid) && fchown (fd, folder->uid, folder->gid) < 0)
    return owner_refused (tree->problem, name, folder->uid, folder->gid);
  if ((st.st_mode & 07777) != folder->mode && fchmod (fd, folder->mode) < 0)
    return problem_errno (tree->problem, name, "set the mode of");
  if (restore_xattrs (tree, fd, folder->xattrs, folder->xattr_count, name) < 0)
    return -1;
  return futimens (fd, times) < 0 ? problem_errno (tree->problem, name, "set the time of") : 0;
}

int finish_folders (struct tree *tree) {
  const struct late_folder *folders = (const struct late_folder *)tree->folders.items;
  for (size_t i = 0; i < tree->folders.count; i++) {
    const char *name = text_at (tree, folders[i].name);
    cleanup_fd int fd = in_root_open (tree->places.root, *name ? name : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    /* A later entry has taken its place. */
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
      continue;
    if (fd < 0)
      return problem_errno (tree->problem, name, "open");
    if (set_metadata (tree, fd, &folders[i], name) < 0)
      return -1;
  }
  return 0;
}
