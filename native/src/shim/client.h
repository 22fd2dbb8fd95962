/* Clients of a process that the daemon has connected to the shim itself. */
#pragma once
#include "shim.h"

/* What OPEN says of a client. */
struct client_start {
  uint64_t session;
  uint32_t may;
  uint64_t since[2];
};

/* Takes the socket. Whatever comes of it is reported to the daemon. */
void client_open (struct shim *shim, struct process *process, int socket, const struct client_start *start);

/* Whether a client lacks bytes that the shim has, or the end of its process. `process`: NULL for any. */
bool clients_unfinished (const struct shim *shim, const struct process *process);
