#include "changes.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include "archive/attribute.h"
#include "archive/listing.h"
#include "attributes.h"
#include "base/cleanup.h"
#include "base/own_files.h"
#include "base/syscalls.h"
#include "tar_writer.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
/* Of an empty file that stands for something. */
#define MARKER_MODE (S_IFREG | 0600)

struct names {
  const char *opaque, *redirect, *metacopy;
};

static const struct names names_of[] = {
  [MARKS_TRUSTED] = { "trusted.overlay.opaque", "trusted.overlay.redirect", "trusted.overlay.metacopy" },
  [MARKS_USER] = { "user.overlay.opaque", "user.overlay.redirect", "user.overlay.metacopy" },
};

struct changes {
  struct tar_writer writer;
  struct problem *problem;
  const struct names *names;
  int own_files; /* base/own_files.h */
  size_t length; /* of the path of the folder that is being written, with its slash */
  char path[PATH_MAX];
};

static int put_folder (struct changes *changes, int folder);

/* The path of an entry in the folder, or NULL. */
static const char *set_leaf (struct changes *changes, const char *prefix, const char *leaf) {
  if (changes->length + strlen (prefix) + strlen (leaf) >= PATH_MAX) {
    problem_put (changes->problem, UNSUPPORTED, leaf, "Cannot write '%s' into the layer: its path is longer than a path can be", leaf);
    return NULL;
  }
  strcpy (stpcpy (changes->path + changes->length, prefix), leaf);
  return changes->path;
}

/* An empty file, which means something to whoever unpacks the layer. */
static int put_marker (struct changes *changes, const char *prefix, const char *leaf, const struct stat *like) {
  const char *name = set_leaf (changes, prefix, leaf);
  const struct tar_file file = { .name = name, .st = { .st_mode = MARKER_MODE, .st_nlink = 1, .st_mtim = like->st_mtim }, .fd = -1 };
  return name ? tar_put (&changes->writer, &file) : -1;
}

static int unreadable_attributes (struct changes *changes, const char *name) {
  return problem_errno (changes->problem, name, "read the extended attributes of");
}

/* Where overlayfs has put a part of a file elsewhere, there is nothing to write. Liker mounts none like that. */
static int refuse_mark (struct changes *changes, const struct tar_file *file, const char *mark) {
  int has = has_attribute (file->fd, mark);
  if (has < 0)
    return unreadable_attributes (changes, file->name);
  if (has)
    return problem_put (changes->problem, UNSUPPORTED, file->name,
                        "Cannot write '%s' into the layer: overlayfs has only a reference to it (%s)", file->name, mark);
  return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tree, which the limit of descriptors bounds */
static int put_opened_folder (struct changes *changes, const struct tar_file *file) {
  int opaque = attribute_is (file->fd, changes->names->opaque, 'y');
  if (opaque < 0)
    return unreadable_attributes (changes, file->name);
  if (refuse_mark (changes, file, changes->names->redirect) < 0 || tar_put (&changes->writer, file) < 0)
    return -1;
  size_t length = changes->length;
  changes->length = strlen (changes->path);
  changes->path[changes->length++] = '/';
  int result = opaque ? put_marker (changes, "", OPAQUE, &file->st) : 0;
  if (result == 0)
    result = put_folder (changes, file->fd);
  changes->length = length;
  return result;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int put_opened (struct changes *changes, int *node, struct tar_file *file) {
  cleanup_fd int fd = open_again (changes->own_files, *node, O_RDONLY);
  if (fd < 0)
    return problem_errno (changes->problem, file->name, "open");
  close_fd (node);
  file->fd = fd;
  if (S_ISDIR (file->st.st_mode))
    return put_opened_folder (changes, file);
  return refuse_mark (changes, file, changes->names->metacopy) < 0 ? -1 : tar_put (&changes->writer, file);
}

static int put_link (struct changes *changes, int node, struct tar_file *file) {
  char target[PATH_MAX];
  ssize_t length = readlinkat (node, "", target, sizeof target - 1);
  if (length < 0)
    return problem_errno (changes->problem, file->name, "read the link");
  target[length] = '\0';
  file->target = target;
  int result = tar_put (&changes->writer, file);
  file->target = NULL;
  return result;
}

static int refuse_name (struct changes *changes, const char *name) {
  return problem_put (changes->problem, UNSUPPORTED, name,
                      "Cannot write '%s' into the layer: there, names that begin with " WHITEOUT " stand for files that are removed", name);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int put_entry (struct changes *changes, int folder, const char *leaf) {
  struct tar_file file = { .name = set_leaf (changes, "", leaf), .fd = -1 };
  if (!file.name)
    return -1;
  cleanup_fd int node = openat (folder, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  /* Removed meanwhile. */
  if (node < 0 && errno == ENOENT)
    return 0;
  if (node < 0 || fstat (node, &file.st) < 0)
    return problem_errno (changes->problem, file.name, "look at");
  if (S_ISCHR (file.st.st_mode) && file.st.st_rdev == 0)
    return put_marker (changes, WHITEOUT, leaf, &file.st);
  if (!strncmp (leaf, WHITEOUT, strlen (WHITEOUT)))
    return refuse_name (changes, file.name);
  switch (file.st.st_mode & S_IFMT) {
    case S_IFDIR:
    case S_IFREG: return put_opened (changes, &node, &file);
    case S_IFLNK: return put_link (changes, node, &file);
    /* It is made by whoever listens. */
    case S_IFSOCK: return 0;
    default: return tar_put (&changes->writer, &file);
  }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int put_folder (struct changes *changes, int folder) {
  struct listing listing;
  int result = listing_read (&listing, folder) < 0 ? problem_errno (changes->problem, changes->path, "list") : 0;
  for (size_t i = 0; result == 0 && i < listing.names.count; i++)
    result = put_entry (changes, folder, listing_name (&listing, i));
  listing_free (&listing);
  return result;
}

/* A layer without an entry for it has this root. */
static int put_root (struct changes *changes, int upper) {
  struct tar_file file = { .name = "./", .fd = upper };
  if (fstat (upper, &file.st) < 0)
    return problem_errno (changes->problem, "", "stat the root");
  bool usual = (file.st.st_mode & 07777) == 0755 && file.st.st_uid == 0 && file.st.st_gid == 0;
  return usual ? 0 : tar_put (&changes->writer, &file);
}

int put_changes (struct sink *sink, int upper, int own_files, enum overlay_marks marks) {
  static struct changes changes;
  changes.own_files = own_files;
  changes.problem = sink->problem;
  changes.names = &names_of[marks];
  if (tar_writer_begin (&changes.writer, sink) < 0 || put_root (&changes, upper) < 0)
    return -1;
  return put_folder (&changes, upper) < 0 ? -1 : tar_writer_end (&changes.writer);
}
