/* Output of the process, to stdout and stderr. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes what the descriptor has room for, without waiting. Returns the number of bytes; -1: it cannot be written to any more. */
ssize_t write_now (int fd, const uint8_t *data, size_t length);
