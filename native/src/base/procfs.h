/* What /proc says of a process. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat: clock ticks since boot. 0 when the process is gone. */
uint64_t process_start_time (pid_t pid);

/* A pidfd of the process if it started at start_time, checked after opening. -1 and ESRCH if not. */
int open_same_process (pid_t pid, uint64_t start_time);
