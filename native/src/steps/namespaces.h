/* What belongs to namespaces. */
#pragma once
#include "child.h"

/* Opens /proc/sys of a procfs that no path leads to, for the steps to come. 0, or -1 with a failure. */
int open_sysctls (struct child *child);
