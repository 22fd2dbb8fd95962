/* The names in a folder, in the order of their bytes. */
#pragma once
#include <stddef.h>

struct names {
  char *texts;
  const char **sorted;
  size_t count;
};

/* -1 and errno. */
int names_read (struct names *names, int folder);
void names_free (struct names *names);
