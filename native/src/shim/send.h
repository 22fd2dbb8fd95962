/*
 * Writes to the daemon, in this order: the rest of a DATA frame, the frames in the outbox, then new DATA. The bytes of DATA
 * go from the ring to the socket without a copy.
 */
#pragma once
#include "shim.h"

/* Writes what the socket takes, up to a turn's worth. Dooms a daemon that has stopped reading. */
void send_to_daemon (struct shim *shim);

/* True if there is something to write. */
bool has_more_to_send (const struct shim *shim);

/* ms: until when the daemon must read something; UINT64_MAX if there is nothing to read. */
uint64_t send_deadline (const struct shim *shim);
