/* Folders. Their modes, owners, times and attributes are set at the end. */
#pragma once
#include "place.h"

int add_folder (struct tree *tree, const struct entry *entry, const struct place *place);

/* The folder of the layer itself, which is there. */
int add_root (struct tree *tree, const struct entry *entry);

/* Sets what add_folder could not yet. */
int finish_folders (struct tree *tree);
