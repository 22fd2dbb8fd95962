/*
 * A process that joins existing namespaces is cloned by a helper: the helper enters the namespaces, clones with CLONE_PARENT,
 * so that the process is the shim's own child, and exits.
 */
#pragma once
#include "child.h"

/* After a helper's clone, in the helper: sends `pid`, the result of the clone, to the shim, and exits. */
void leave_child (struct child *child, long pid) __attribute__ ((noreturn));

/* Clones the process that does the remaining steps. Only that process returns from here. */
void enter_last (struct child *child);
