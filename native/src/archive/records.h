/* A list that grows. */
#pragma once
#include <stddef.h>

struct records {
  size_t count, room;
  char *items;
};

/* Adds `count` items of this size, and returns the number of the first of them; SIZE_MAX without memory. */
size_t records_add (struct records *records, size_t size, const void *items, size_t count);
