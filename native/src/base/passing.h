/* Descriptors that go through a Unix socket with some bytes (unix(7), SCM_RIGHTS). */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Sends all of these bytes, at least one, and the fd with the first. -1 and errno. */
int send_with_fd (int socket, void *data, size_t size, int fd);

/*
 * Receives what is there, at most `size` bytes; 0 is the end. *fd: what came with them, close-on-exec, or -1. The bytes end where those begin
 * that another descriptor came with. -1 and errno: EPROTO if more than one came, or one that this process may not have.
 */
ssize_t receive_with_fd (int socket, void *data, size_t size, int *fd);
