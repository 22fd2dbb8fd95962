/* Connects a container's network namespace by netlink(7), with the rights of the host's root. */
#pragma once
#include <stddef.h>
#include "plan/sync.h"

/*
 * Carries out what the fields of STEP_connect say, between the network namespace of the calling thread and `theirs`, an fd of another.
 * `process`: a pidfd, with whose end the resolver gives up its sockets; -1: it is told. Returns 0, or -1 with a failure; the thread is in its
 * own namespace again, unless the failure is of that.
 */
int connect_namespace (int theirs, int process, const void *fields, size_t size, struct failure *failure);
