/* Bytes that grow. */
#pragma once
#include <stddef.h>

struct bytes {
  char *data;
  size_t count, room;
};

/* -1 without memory. A NUL follows the bytes, which does not count. */
int bytes_add (struct bytes *bytes, const void *data, size_t count);
