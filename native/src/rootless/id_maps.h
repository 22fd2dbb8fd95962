/* newuidmap(1) and newgidmap(1), which may give an ordinary user's namespace his subordinate ids. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "subordinate_ids.h"

/* Refuses the start if one of the two programs is missing. */
void require_map_programs (void);

/* Gives the namespace of the process the user as root, and his subordinate ids from 1 on. False if a program refused, and said why. */
bool write_maps (pid_t pid, const struct subordinate_ids *ids);
