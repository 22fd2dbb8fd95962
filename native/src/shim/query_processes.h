/*
 * PLAN_PROCESSES: what /proc says about the processes in a cgroup. The daemon must not read that itself: the command line of a
 * process is in its own memory, which it can make large, and whose lock it can hold for ever (by closing a mapping of a
 * file of FUSE that never answers). The wait for that lock is killable, so the daemon gives up on a shim that hangs here.
 */
#pragma once
#include "outbox.h"
#include "plan/reader.h"

/* Writes to the socket as it goes; the rest is left in `out`. */
void answer_processes (struct cursor *fields, struct outbox *out, int socket);
