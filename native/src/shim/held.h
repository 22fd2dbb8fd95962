#pragma once
#include "shim.h"

/* The sockets that hold published ports: what is open from FIRST_HELD on when the shim begins. It only keeps them open, until the container has ended. */
#define FIRST_HELD 6

/* -1 and errno: a program of the container would have them, too. */
int held_begin (struct shim *shim);
void held_let_go (struct shim *shim);
