/* The process gives up everything but its sockets. */
#pragma once

/* No file can be opened, no program started, no other kind of socket made; no capability is left. -1 and errno. */
int confine (void);

/* The same for the guard, which keeps CAP_NET_ADMIN, and can only send and receive with the sockets that it has. */
int confine_guard (void);
