#include "link.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "names.h"

/* Links to links that come later, in an order that nobody writes. */
#define MOST_ROUNDS 16

/* The folder of the file that is linked to. Nothing is made. */
static int open_parent (struct tree *tree, const char *name, const char **leaf) {
  char path[PATH_MAX];
  strcpy (path, name);
  *leaf = leaf_of (name);
  path[*leaf - name] = '\0';
  return in_root_open (tree->places.root, *path ? path : ".", O_PATH | O_DIRECTORY);
}

static bool is_same (int one_parent, const char *one, int other_parent, const char *other) {
  struct stat a, b;
  return fstatat (one_parent, one, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstatat (other_parent, other, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* -1 and errno: ENOENT if the target is not there. The target itself, if it is a symbolic link. */
static int make_link (struct tree *tree, const char *target, const struct place *place) {
  const char *leaf;
  if (!*target)
    return failed (EPERM);
  cleanup_fd int parent = open_parent (tree, target, &leaf);
  if (parent < 0)
    return -1;
  if (linkat (parent, leaf, place->parent, place->leaf, 0) == 0)
    return 0;
  if (errno != EEXIST)
    return -1;
  /* An archive may repeat a link. */
  if (is_same (parent, leaf, place->parent, place->leaf))
    return 0;
  if (clear_place (tree, place) < 0)
    return -1;
  return linkat (parent, leaf, place->parent, place->leaf, 0);
}

static int bad_link (struct tree *tree, const char *name, const char *target) {
  if (errno == ENOENT || errno == ENOTDIR)
    return problem_put (tree->problem, BAD_ARCHIVE, name, "Cannot unpack '%s': it is a hard link to '%s', which is not in this layer",
                        name, target);
  if (errno == EPERM)
    return problem_put (tree->problem, BAD_ARCHIVE, name, "Cannot unpack '%s': it is a hard link to the folder '%s'", name, target);
  return problem_errno (tree->problem, name, "link");
}

static int put_off (struct tree *tree, const char *target, const struct place *place) {
  if (clear_place (tree, place) < 0)
    return -1;
  const struct late_link link = { .name = add_text (tree, place->name), .target = add_text (tree, target) };
  if (link.name == SIZE_MAX || link.target == SIZE_MAX || records_add (&tree->links, sizeof link, &link, 1) == SIZE_MAX)
    return out_of_memory (tree, place->name);
  return 0;
}

int add_hard_link (struct tree *tree, const struct entry *entry, const struct place *place) {
  char target[PATH_MAX];
  if (!name_in_tree (tree, target, entry->target))
    return problem_put (tree->problem, BAD_ARCHIVE, place->name, "Cannot unpack '%s': the name that it links to is too long",
                        place->name);
  if (make_link (tree, target, place) == 0)
    return 0;
  return errno == ENOENT ? put_off (tree, target, place) : bad_link (tree, place->name, target);
}

/* 1: its target is not there yet. */
static int add_late_link (struct tree *tree, const struct late_link *link) {
  const char *name = text_at (tree, link->name), *target = text_at (tree, link->target);
  struct place place = { .name = name };
  struct stat st;
  place.parent = place_of (&tree->places, name, &place.leaf);
  if (place.parent < 0)
    return problem_errno (tree->problem, name, "make the folder of");
  /* A later entry with this name. */
  if (fstatat (place.parent, place.leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 || make_link (tree, target, &place) == 0)
    return 0;
  return errno == ENOENT ? 1 : bad_link (tree, name, target);
}

/* Keeps those whose targets are not there yet, in their order. Returns how many were made, or -1. */
static long add_round (struct tree *tree) {
  struct late_link *links = (struct late_link *)tree->links.items;
  size_t count = tree->links.count, kept = count;
  /* From the last on: then a link to a link that follows it finds it. */
  for (size_t i = count; i-- > 0;) {
    int result = add_late_link (tree, &links[i]);
    if (result < 0)
      return -1;
    if (result > 0)
      links[--kept] = links[i];
  }
  memmove (links, links + kept, (count - kept) * sizeof *links);
  tree->links.count = count - kept;
  return (long)kept;
}

int add_late_links (struct tree *tree) {
  for (int i = 0; i < MOST_ROUNDS && tree->links.count > 0; i++) {
    long made = add_round (tree);
    if (made < 0)
      return -1;
    if (made == 0)
      break;
  }
  if (tree->links.count == 0)
    return 0;
  const struct late_link *first = (const struct late_link *)tree->links.items;
  errno = ENOENT;
  return bad_link (tree, text_at (tree, first->name), text_at (tree, first->target));
}
