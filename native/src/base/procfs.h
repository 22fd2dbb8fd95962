/* What /proc says of a process. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat: clock ticks since boot. 0 and ENOENT or ESRCH when the process is gone, 0 and errno otherwise. */
uint64_t process_start_time (pid_t pid);

/* A pidfd of the process if it started at start_time, checked after opening. -1 and ESRCH if not, -1 and errno when it cannot be looked at. */
int open_same_process (pid_t pid, uint64_t start_time);
