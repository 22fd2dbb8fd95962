/* Shared by the init and the code that executes it. */
#pragma once

#define INIT_NAME "liker-init"

/* The first process that is cloned in a new pid namespace after the init gets this pid there. */
#define INIT_PROGRAM 2

/* The status socket's number is below. */
#define INIT_FDS 64
