#pragma once
#include "shim.h"

/* Sends the daemon what the rings of a process hold from these offsets on (NO_BOUND: nothing), and then where DATA goes on. */
void snapshot_send (struct shim *shim, struct process *process, uint32_t request, const uint64_t since[2]);
