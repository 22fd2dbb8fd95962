/*
 * The connections to the shim's socket: at most one is the daemon, the others have not sent HELLO yet. And those of clients, which the
 * daemon hands over.
 */
#pragma once
#include "shim.h"

/* NULL without memory or if epoll refuses the fd, which the caller keeps then. */
struct connection *connection_open (struct shim *shim, int fd);
void connections_accept (struct shim *shim);

/* Makes this connection the daemon, in place of an older one. Its DATA begins with the next byte produced. */
void connection_take_over (struct shim *shim, struct connection *connection);

/* Closes the connections that are doomed. */
void connections_sweep (struct shim *shim);

/* NULL if there is none. */
struct connection *find_client (const struct shim *shim, const struct process *process, uint64_t session);
/* Closes the connections of the process's clients. */
void clients_close (struct shim *shim, const struct process *process);
