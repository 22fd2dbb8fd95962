/* Where entries go: their parent folders in the layer, which are found, or made, and never outside. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct places {
  int root;
  int parent;          /* the last one that was asked for, or -1 */
  char path[PATH_MAX]; /* its path */
  bool real_is_known;
  char real[PATH_MAX]; /* the same without links; "": it is longer than a path can be */
  uint64_t made;       /* so many parents were made that had not been listed, */
  uint64_t disk_bytes; /* which take so much */
};

/*
 * The folder that holds the entry with this clean name, and its name there. Missing parents are made, with mode 0755. A link on the
 * way is followed as in a container that has the layer as its root. The fd is lent until the next call. -1 and errno on failure:
 * ENOTDIR if a parent is no folder.
 */
int place_of (struct places *places, const char *name, const char **leaf);

/*
 * The name of an entry of the folder that was lent last, or of the root, without links on the way. False if it would be longer than a path
 * can be.
 */
bool real_name (struct places *places, int parent, const char *leaf, char out[PATH_MAX]);

/* To be called when a folder or a link is removed: paths may lead elsewhere from now on. */
void places_forget (struct places *places);
