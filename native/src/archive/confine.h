/* The system calls that unpacking needs (seccomp(2)). */
#pragma once

/* From now on, all threads of the process get EPERM for every other. -1 and errno. */
int confine_system_calls (void);
