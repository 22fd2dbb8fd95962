/* Where the daemon listens, as client/connection/address.ts says it. */
#pragma once
#include <stdbool.h>
#include <sys/un.h>

#define SOCKET_PATH_ROOM (sizeof ((struct sockaddr_un *)0)->sun_path)

/* `host`: of --host, or NULL. False: only the TypeScript client can say. */
bool find_socket (char path[SOCKET_PATH_ROOM], const char *host);
