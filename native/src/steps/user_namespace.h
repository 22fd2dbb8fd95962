/* The user namespace of a container. */
#pragma once
#include "child.h"

/* After entering it: its user and group 0, with all its capabilities. 0, or -1 with a failure. */
int become_inner_root (struct child *child);
