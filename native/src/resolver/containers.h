/* All containers. */
#pragma once
#include "container.h"

/* NULL if it is not known. */
struct container *container_find (const char *id);
/* Makes it if it is not known. NULL without memory. */
struct container *container_get (const char *id);
void container_remove (struct container *container);
bool containers_are_none (void);
/* None of them can ask anything. */
bool containers_are_silent (void);
void containers_each (void (*visit) (struct container *container));

enum { SOCKET_UDP, SOCKET_TCP, SOCKET_PROCESS, MOST_SOCKETS };
/* Takes over the sockets, of which the pidfd may be missing, in place of earlier ones. -1 and errno, and they are the caller's. */
int container_open (const char *id, const int *fds, unsigned count);

/* -1 without memory. */
int container_show (const struct request *request);

/* What is not told between these two is forgotten. */
void containers_begin (void);
void containers_end (void);

/* Reads its sockets no more, so that another process does; answers to what was asked are still sent. */
void container_stop (struct container *container);
