/* The connections to the shim's socket: at most one is the daemon, the others have not sent HELLO yet. */
#pragma once
#include "shim.h"

/* NULL without memory or if epoll refuses the fd, which the caller keeps then. */
struct connection *connection_open (struct shim *shim, int fd);
void connections_accept (struct shim *shim);

/* Makes this connection the daemon, in place of an older one. Its DATA begins with the next byte produced. */
void connection_take_over (struct shim *shim, struct connection *connection);

/* Closes the connections that are doomed. */
void connections_sweep (struct shim *shim);
