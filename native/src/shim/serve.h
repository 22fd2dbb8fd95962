#pragma once
#include "shim.h"

/* The event loop. Returns when the container has ended and the daemon has its exit, or when no daemon can come any more. */
void serve (struct shim *shim);
