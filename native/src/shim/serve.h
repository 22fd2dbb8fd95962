#pragma once
#include "shim.h"

/* The event loop. Returns when the container has ended and the daemon has its exit, or when no daemon can come any more. */
void serve (struct shim *shim);

/* After that: lets everything go, and returns when each client that is still connected has what is in the rings. */
void serve_clients (struct shim *shim);
