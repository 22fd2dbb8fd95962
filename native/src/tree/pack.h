/* Packs a tree of files. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include "archive.h"
#include "links.h"

struct packer {
  int root;
  int own_files; /* base/own_files.h */
  struct archive archive;
  struct links links;
  struct bytes name;      /* of the entry that is being packed */
  char target[PATH_MAX];  /* of that entry, if it is a symbolic link */
  uint64_t entries;
  struct problem *problem;
};

/*
 * Packs what is at a path of the root, with all that is below it, as entries with this name; empty: what is below it has no other names than its
 * own. `follow`: what a link at the path leads to.
 * Sockets are left out: tar has no place for them. A file that grows meanwhile is cut, one that shrinks gets zeros. Names as long as PATH_MAX
 * are refused: nobody can open such a path, and a container must not use up the stack by folders in one another.
 */
int pack (struct packer *packer, const char *path, const char *name, bool follow);
