#pragma once

/*
 * The init's binary in a file without a name, which cannot be written to. Each container has one of its own: its root may
 * change the file's mode and owner, which must not concern the others. O_CLOEXEC; -1 with errno.
 */
int init_binary (void);
