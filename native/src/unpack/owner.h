/* The owners of unpacked files. */
#pragma once
#include <sys/types.h>
#include "archive/problem.h"

/* Records why chown(2) has failed, by errno, and returns -1. */
int owner_refused (struct problem *problem, const char *name, uid_t uid, gid_t gid);
