/*
 * The frames that the daemon sends. A frame for a process that no longer exists is ignored: the process has ended in the
 * meantime.
 */
#pragma once
#include "shim.h"

/* False for a malformed frame. */
bool frame_handle (struct shim *shim, struct connection *connection, const uint8_t *frame, size_t size);
