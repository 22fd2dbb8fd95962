/*
 * The process of a container in a user namespace of its own. The helper clones it with all its namespaces, outside the pids and memory
 * that the container may have, and it waits at a gate until the namespace has its maps (T51) and all that needs the host's rights is done.
 */
#pragma once
#include "child.h"

/* Clones it. Returns its pid in the helper; -1 with a failure. The process itself never returns: it goes on after enter_user. */
long clone_inner (struct child *child, uint64_t flags);

/* In the helper: hands over what is held, which lets the process go on, and exits. */
void release_inner (struct child *child) __attribute__ ((noreturn));

/* After entering a user namespace: its user and group 0, with all its capabilities. 0, or -1 with a failure. */
int become_inner_root (struct child *child);
