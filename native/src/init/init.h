/* For the init and for the code that executes it. */
#pragma once

#define INIT_NAME "liker-init"

/* The pid of the program: it is the first process that is cloned after the init in the new pid namespace. */
#define INIT_PROGRAM 2

/* The init sends it to the program, which waits for it before it executes. Nobody else would notice one that is left over. */
#define INIT_READY SIGCHLD

/* The fd of the status socket is below this number. */
#define INIT_FDS 64
