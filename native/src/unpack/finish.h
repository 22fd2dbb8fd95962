/* What can only be done when all entries are there. */
#pragma once
#include "tree.h"

/* Late hard links, whiteouts, opaque folders, and then what is set on folders: the others change their times. */
int finish_tree (struct tree *tree);
