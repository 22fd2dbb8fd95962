#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A memfd, executable or not, that fcntl(F_ADD_SEALS) works on. -1 and errno. */
int open_memfd (const char *name, bool executable);

/* Nobody can write, grow, shrink or unseal it any more, nor take its mode from it. -1 and errno. */
int seal_memfd (int fd);

/* Writes all of it. -1 and errno. */
int write_all (int fd, const void *data, size_t size);
