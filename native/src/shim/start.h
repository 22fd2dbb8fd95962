#pragma once
#include "plan/launch.h"
#include "shim.h"

/* Clones a process for the plan. If that fails, reports it; what the child does later is followed by starting.h. */
void start_process (struct shim *shim, uint32_t number, const struct launch *launch);
