/* The processes of the container: the main one and the execs. */
#pragma once
#include "plan/launch.h"
#include "shim.h"

/* NULL if there is none with this number. */
struct process *find_process (struct shim *shim, uint32_t number);

/* Allocates a process, outside the list. NULL without memory. */
struct process *new_process (struct shim *shim, uint32_t number, const struct launch *launch);

/* Puts it at the end of the list. */
void add_process (struct shim *shim, struct process *process);

/* Takes it off the list and frees it. */
void forget_process (struct shim *shim, struct process *process);
