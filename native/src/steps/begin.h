/*
 * What a new child does first. Without namespaces to join, the child is the process itself. With them it is a helper
 * (helper.h).
 *
 * A process in a pid namespace can be traced by others there that have CAP_SYS_PTRACE, and be made to use all its rights.
 * So a process with more rights than its program is never in a pid namespace where programs run: a new namespace is
 * empty until exec; if the namespace is in use, the helper stays outside until it is confined, and clones as its last step.
 */
#pragma once
#include "child.h"

void be_process (struct child *child) __attribute__ ((noreturn));
void be_helper (struct child *child) __attribute__ ((noreturn));
