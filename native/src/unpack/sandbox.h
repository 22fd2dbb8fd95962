/* The process gives up everything but the folder that it writes to. */
#pragma once
#include "problem.h"

/* The folder becomes the root; the rights that are left are those to write any files, of any owner, there. */
int enter_sandbox (int folder, struct problem *problem);

/* With all threads: only the system calls that unpacking needs. It comes after their start, which needs others. */
int seal_sandbox (struct problem *problem);
