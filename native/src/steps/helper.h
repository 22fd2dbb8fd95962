/*
 * A process that joins existing namespaces is cloned by a helper: the helper enters the namespaces, clones with CLONE_PARENT,
 * so that the process is the shim's own child, and exits.
 */
#pragma once
#include "child.h"

/* After a helper's clone, in the helper: sends `pid`, the result of the clone, to the shim, and exits. */
void leave_child (struct child *child, long pid) __attribute__ ((noreturn));

/*
 * Clones the process that does the remaining steps into its new namespaces and its cgroups, where the helper itself never is. Only that
 * process returns from here: 0, or -1 with a failure. It must still be uid 0 of the host, which v1 asks for.
 */
int clone_process (struct child *child);

/* Clones that process into the pid namespace that the helper has joined, as its last step. Only that process returns from here. */
void enter_last (struct child *child);
