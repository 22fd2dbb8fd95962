/* What is in the sets of the guard. */
#pragma once
#include "guard_change.h"

/* Calls `found` for each element. 0, or an errno. */
int elements_read (int socket, const char *table, void (*found) (const struct element *element));
