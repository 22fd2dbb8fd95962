#include "changes.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive/attribute.h"
#include "archive/listing.h"
#include "base/cleanup.h"
#include "base/memfd.h"
#include "bytes.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define WRITE_AT (64u << 10)

struct changes {
  int out;
  struct bytes path, waiting;
  struct problem *problem;
};

/* Folders of one path in the lower layers, the uppermost first, down to the last that shows. */
struct below {
  size_t count;
  int folders[];
};

static int out_of_memory (struct changes *changes) { return tree_problem (changes->problem, "", "Cannot list changes: out of memory"); }

static int unreadable (struct changes *changes) { return tree_problem_errno (changes->problem, changes->path.data, "read"); }

static int write_waiting (struct changes *changes) {
  struct bytes *waiting = &changes->waiting;
  if (write_all (changes->out, waiting->data, waiting->count) < 0)
    return tree_problem_errno (changes->problem, "", "write the changes");
  waiting->count = 0;
  return 0;
}

static int put_change (struct changes *changes, const char *kind) {
  struct bytes *waiting = &changes->waiting;
  if (bytes_add (waiting, kind, 1) < 0 || bytes_add (waiting, changes->path.data, changes->path.count + 1) < 0)
    return out_of_memory (changes);
  return waiting->count < WRITE_AT ? 0 : write_waiting (changes);
}

static bool is_whiteout (const struct stat *st) { return S_ISCHR (st->st_mode) && st->st_rdev == 0; }

/* As the overlay of root, or of an ordinary user, has it. 1, 0, or -1. */
static int is_opaque (int folder) {
  int by_root = attribute_is (folder, "trusted.overlay.opaque", 'y');
  return by_root ? by_root : attribute_is (folder, "user.overlay.opaque", 'y');
}

/* 1, 0, or -1. */
static int is_below (const struct below *below, const char *name) {
  struct stat st;
  for (size_t i = 0; i < below->count; i++) {
    if (fstatat (below->folders[i], name, &st, AT_SYMLINK_NOFOLLOW) == 0)
      return !is_whiteout (&st);
    if (errno != ENOENT)
      return -1;
  }
  return 0;
}

static void close_below (struct below *below) {
  for (size_t i = 0; i < below->count; i++)
    close (below->folders[i]);
  free (below);
}

/* Adds the folder in a layer to those above it. 1 if the layers below that do not show, 0, or -1. */
static int open_next (struct below *below, int parent, const char *name) {
  int folder = openat (parent, name, FOLDER);
  if (folder >= 0) {
    below->folders[below->count++] = folder;
    return is_opaque (folder);
  }
  if (errno == ENOENT)
    return 0;
  /* Something else is there, or a link. */
  return errno == ENOTDIR || errno == ELOOP ? 1 : -1;
}

/* NULL and errno on failure. */
static struct below *open_below (const struct below *parents, const char *name) {
  struct below *below = calloc (1, sizeof *below + parents->count * sizeof (int));
  int result = 0;
  for (size_t i = 0; below && i < parents->count && result == 0; i++)
    result = open_next (below, parents->folders[i], name);
  if (result >= 0)
    return below;
  int error = errno;
  close_below (below);
  errno = error;
  return NULL;
}

static int list_folder (struct changes *changes, int folder, const struct below *below);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path can be */
static int list_below (struct changes *changes, int parent, const struct below *parents, const char *name) {
  static const struct below nothing = { 0 };
  cleanup_fd int folder = openat (parent, name, FOLDER);
  /* The container has removed it meanwhile. */
  if (folder < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : unreadable (changes);
  int opaque = is_opaque (folder);
  if (opaque)
    return opaque < 0 ? unreadable (changes) : list_folder (changes, folder, &nothing);
  struct below *below = open_below (parents, name);
  int result = below ? list_folder (changes, folder, below) : unreadable (changes);
  if (below)
    close_below (below);
  return result;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int list_entry (struct changes *changes, int folder, const struct below *below, const char *name) {
  struct stat st;
  if (changes->path.count >= PATH_MAX)
    return tree_problem (changes->problem, changes->path.data, "Cannot list '%s': its path is longer than a path can be", name);
  if (fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : unreadable (changes);
  int changed = is_whiteout (&st) ? 0 : is_below (below, name);
  if (changed < 0)
    return unreadable (changes);
  if (put_change (changes, is_whiteout (&st) ? "D" : changed ? "C" : "A") < 0)
    return -1;
  return S_ISDIR (st.st_mode) ? list_below (changes, folder, below, name) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int list_folder (struct changes *changes, int folder, const struct below *below) {
  struct listing listing;
  size_t length = changes->path.count;
  int result = listing_read (&listing, folder) < 0 ? tree_problem_errno (changes->problem, "", "read a folder of the container") : 0;
  for (size_t i = 0; i < listing.names.count && result == 0; i++) {
    const char *name = listing_name (&listing, i);
    changes->path.count = length;
    result = bytes_add (&changes->path, "/", 1) < 0 || bytes_add (&changes->path, name, strlen (name)) < 0
               ? out_of_memory (changes)
               : list_entry (changes, folder, below, name);
  }
  changes->path.count = length;
  listing_free (&listing);
  return result;
}

int put_changes_of (int upper, const int *lowers, size_t count, int out, struct problem *problem) {
  struct changes changes = { .out = out, .problem = problem };
  struct below *below = calloc (1, sizeof *below + count * sizeof (int));
  int result = -1;
  if (!below || bytes_add (&changes.path, "", 0) < 0 || bytes_add (&changes.waiting, "", 0) < 0)
    out_of_memory (&changes);
  else {
    below->count = count;
    memcpy (below->folders, lowers, count * sizeof (int));
    result = list_folder (&changes, upper, below) < 0 ? -1 : write_waiting (&changes);
  }
  free (changes.path.data);
  free (changes.waiting.data);
  free (below);
  return result;
}
