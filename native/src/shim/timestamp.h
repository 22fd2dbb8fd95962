#pragma once
#include <stdint.h>

#define TIMESTAMP_SIZE 30

/* Writes 2026-01-02T03:04:05.123456789Z, without a NUL. ns since the epoch. */
void put_timestamp (char out[TIMESTAMP_SIZE], uint64_t ns);
