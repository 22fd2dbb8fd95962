/*
 * Writes to the daemon and to clients, in this order: the rest of a DATA frame, the frames in the outbox, then new DATA. The bytes of DATA
 * go from the ring to the socket without a copy, unless the process does not wait for the client.
 */
#pragma once
#include "shim.h"

/* Writes what the sockets take, up to a turn's worth. Dooms a daemon that has stopped reading, and no longer waits for such a client. */
void send_all (struct shim *shim);

/* True if there is something to write. */
bool has_more_to_send (const struct shim *shim, const struct connection *to);

/* ms: until when the peer must read something; UINT64_MAX if there is nothing to read, or no hurry. */
uint64_t send_deadline (const struct shim *shim, const struct connection *to);
