/* Trees of mounts that are cloned early and put into place later. */
#pragma once
#include "child.h"

/* Holds a tree, which it takes over. -1 stands for the failure to make it, which is none if it is missing and optional. */
int hold_tree (struct child *child, int made, bool optional);
