#pragma once
#include "shim.h"

/*
 * Waits for the plan and for what the shim is to hold (plan.h), and returns the plan's fd. Ends the process if the daemon closes the
 * socket before it sends them. -1 and errno.
 */
int await_plan (struct shim *shim, int socket);
