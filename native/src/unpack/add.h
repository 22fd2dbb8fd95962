/* Entries of any kind. */
#pragma once
#include "tree.h"

/* Makes one entry, in the place of an earlier one with this name, or keeps for the end what can only be done then. */
int add_entry (struct tree *tree, const struct entry *from);
