/*
 * Files and folders whose place another entry has taken, until the recipe has their contents: in a folder at the top of the layer, under a
 * name that no archive can know. They go before the layer is complete.
 */
#pragma once
#include <stdint.h>

struct aside {
  int folder; /* 0: nothing was set aside yet */
  char name[40];
  uint64_t count;
};

/* Moves the entry of `parent` there, and says under which number. -1 and errno. */
int aside_take (struct aside *aside, int root, int parent, const char *leaf, uint64_t *number);

/* Removes all of it. -1 and errno. */
int aside_remove (struct aside *aside, int root);
