/* The process that holds the namespaces of an ordinary user's likerd, so that the next likerd comes back to its containers. */
#pragma once
#include <stdbool.h>

/* Moves the calling process into the namespaces of the containers that an earlier likerd with this run folder has left. False: there are none. */
bool join_held_namespaces (const char *run);

/* Holds the calling process's namespaces until a signal ends it: locks the file, writes a byte to stdout, waits. Returns only on failure. */
void hold_namespaces (const char *path);
