#pragma once

/*
 * A sealed memfd with the init's binary. Each container has its own, because its root may change the mode and owner
 * of the file, which must not affect other containers. O_CLOEXEC; -1 and errno.
 */
int init_binary (void);
