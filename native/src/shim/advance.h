#pragma once
#include "shim.h"

/* Takes a process as far as it can go now: start, input and outputs, end. */
void advance_process (struct shim *shim, struct process *process);
