/* The ids with which a helper, as the host's root, makes files that belong to somebody in a user namespace. */
#pragma once
#include "child.h"

/* From now on files are made for these ids of the host, with all capabilities. 0, or -1 with a failure. */
int act_as (struct child *child, uint32_t uid, uint32_t gid);

/* Ends it. Keeps errno. */
void act_as_root (void);
