/* The process gives up everything but its sockets. */
#pragma once

/* No file can be opened, no program started, no other kind of socket made; no capability is left. -1 and errno. */
int confine (void);
