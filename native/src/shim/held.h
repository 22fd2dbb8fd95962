#pragma once
#include "shim.h"

/* Closes the sockets that hold published ports, which the shim only keeps open until the container has ended. */
void held_let_go (struct shim *shim);
