/* A plan that starts nothing: it asks what /proc says of the processes in a cgroup. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "outbox.h"

bool processes_asked (const void *plan, size_t size);

/* Answers over the socket. The process's exit code. */
int processes_tell (const void *plan, size_t size, int socket);
