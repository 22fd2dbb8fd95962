/* This process's descriptors as files, /proc/self/fd: they stay where they are when it has another root. */
#pragma once

/* An O_PATH fd of that folder. */
int open_own_files (void);

/*
 * What an O_PATH fd stands for, opened. Whoever looks at a name, and then opens it, may find something else there: to open a device does
 * things, such as to start a watchdog. Both return -1 and errno.
 */
int open_again (int own_files, int node, int flags);
