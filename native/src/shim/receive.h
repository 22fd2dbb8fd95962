/* Reads frames from connections, and has them handled. */
#pragma once
#include "shim.h"

/* Reads what is there, up to a turn's worth. Dooms the connection if it ends or sends a malformed frame. */
void connection_receive (struct shim *shim, struct connection *connection);

/* True if there is something to read or to handle. */
bool connection_can_receive (const struct connection *connection);

/* ms: when a buffer that is larger than an idle connection needs is given back. UINT64_MAX: never. */
uint64_t buffer_deadline (const struct connection *connection);
