/* How a process enters its cgroups, before its first step. */
#pragma once
#include <linux/sched.h>
#include "child.h"

/*
 * clone3, into the plan's v2 cgroup if it has one. Where the kernel refuses CLONE_INTO_CGROUP, the clone has to enter it (enter_cgroups).
 * -1 with errno, or with a failure; the latter has an error then.
 */
long clone_into_cgroup (struct child *child, struct clone_args *args);

/* In the clone: enters those that could not be entered from outside. 0, or -1 with a failure. */
int enter_cgroups (struct child *child);
