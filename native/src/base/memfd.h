#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A memfd that can be sealed. -1 and errno. */
int open_memfd (const char *name, bool executable);

/* From now on its contents, its size and its executable bits cannot change. -1 and errno. */
int seal_memfd (int fd);

/* Writes all of it. -1 and errno. */
int write_all (int fd, const void *data, size_t size);
