/* Frames that report to the daemon. Those that take the shim do nothing while there is no daemon. */
#pragma once
#include "shim.h"

/* The daemon's outbox; NULL without a daemon. */
struct outbox *daemon_out (struct shim *shim);

void put_failure (struct outbox *out, uint32_t number, const struct failure *failure);
void report_failure (struct shim *shim, uint32_t number, const struct failure *failure);

/* The answer to HELLO: every process with its state. */
void report_state (struct shim *shim, struct connection *connection);

void report_started (struct shim *shim, const struct process *process);
void report_exit (struct outbox *out, const struct process *process);
/* The answer to OPEN. */
void report_client (struct shim *shim, uint32_t number, uint64_t session, bool is_open);

/* Its network namespace waits for likerd, perhaps. */
void report_connect (struct shim *shim);

/* What the daemon has not heard of the program that connects the network namespace. */
void report_network (struct shim *shim);

/* Bytes that the log had to leave out. */
void report_lost_log (struct shim *shim);
