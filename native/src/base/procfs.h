/* What /proc says about a process. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat: clock ticks since boot. 0 and errno on failure: ENOENT or ESRCH if the process is gone. */
uint64_t process_start_time (pid_t pid);

/*
 * A pidfd of the process, if it started at start_time, which is checked after opening. -1 and errno: ESRCH if it is
 * another process.
 */
int open_same_process (pid_t pid, uint64_t start_time);
