/* Contents of files that come as descriptors. */
#pragma once
#include "tree.h"

/* Copies the contents of an entry that is passed into an empty file. Holes stay holes; what the file has got less meanwhile, too. */
int copy_passed (struct tree *tree, int to, const struct entry *entry, const char *name);
