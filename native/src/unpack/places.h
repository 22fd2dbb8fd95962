/* Where entries go: their parent folders in the layer, which are found, or made, and never outside. */
#pragma once
#include <limits.h>
#include <stdint.h>

struct places {
  int root;
  int parent;          /* the last one that was asked for, or -1 */
  char path[PATH_MAX]; /* its path */
  uint64_t made;       /* so many parents were made that had not been listed, */
  uint64_t disk_bytes; /* which take so much */
};

/*
 * The folder that holds the entry with this clean name, and its name there. Missing parents are made, with mode 0755. A link on the
 * way is followed as in a container that has the layer as its root. The fd is lent until the next call. -1 and errno on failure:
 * ENOTDIR if a parent is no folder.
 */
int place_of (struct places *places, const char *name, const char **leaf);

/* To be called when a folder or a link is removed: paths may lead elsewhere from now on. */
void places_forget (struct places *places);
