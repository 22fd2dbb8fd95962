/* A process from its end to the report of it. */
#pragma once
#include "shim.h"

/* The process was reaped: takes its status and drains its outputs. */
void begin_drain (struct process *process);

/* Ends the process when both outputs are at their end, and writes its exit record. */
void advance_drain (struct shim *shim, struct process *process);

/* ms: when advance_drain must run without an event; UINT64_MAX: never. */
uint64_t drain_deadline (const struct process *process);

/* Reports the exit of an ended process after its last byte (T24), and that of the main process after all others. */
void announce_exit (struct shim *shim, struct process *process);
