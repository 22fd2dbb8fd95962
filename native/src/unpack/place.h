/* Where an entry is to be. */
#pragma once
#include "tree.h"

struct place {
  int parent;
  const char *leaf, *name; /* in the parent; in the layer */
};

/* Removes what an earlier entry has put there: of several with one name, the last counts. */
int clear_place (struct tree *tree, const struct place *place);
