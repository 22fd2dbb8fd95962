/* A process between clone and exec: what the child sends over the sync socket. */
#pragma once
#include "shim.h"

/* Reads messages, and reports the start or its failure. A failed start is reported when nothing of it is left. */
void advance_start (struct shim *shim, struct process *process);
