/*
 * The exit record (include/protocol.h). It must outlive the daemon but not the machine, so it is renamed into place
 * without fsync.
 */
#pragma once
#include "shim.h"

void record_write (struct shim *shim, const struct process *process);

/* Once the daemon has the exit: the records of all execs would fill the run folder in time. */
void record_remove (struct shim *shim, uint32_t number);
