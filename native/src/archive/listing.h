/* The names in a folder, in the order of their bytes, so that the same tree gives the same archive. */
#pragma once
#include "records.h"

struct listing {
  struct records text;  /* of char: the names, each with its NUL */
  struct records names; /* of size_t: where they begin */
};

/* Reads an open folder. -1 and errno: ENOMEM without memory. Free it in any case. */
int listing_read (struct listing *listing, int folder);
const char *listing_name (const struct listing *listing, size_t index);
void listing_free (struct listing *listing);
