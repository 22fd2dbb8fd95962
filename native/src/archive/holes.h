/* The parts of a file that are no holes. */
#pragma once
#include <sys/types.h>

struct part {
  off_t from, end;
};

/* The next data at or after `at`. 1, 0 if there are none before `size`, or -1. A file system that knows no holes has only data. */
int next_data (int fd, off_t at, off_t size, struct part *part);
