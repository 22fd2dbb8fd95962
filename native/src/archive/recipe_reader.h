/* Reads the records of a recipe. */
#pragma once
#include <limits.h>
#include "libraries.h"
#include "recipe.h"

#define RECIPE_BLOCK (64 << 10)

struct recipe_reader {
  const struct libraries *libraries;
  struct problem *problem;
  int file;
  struct archive *decoder;
  const uint8_t *next; /* decompressed, and not yet taken */
  size_t left;
  uint8_t compressed[RECIPE_BLOCK];
};

/* From where the file stands. Close it in any case. */
int recipe_open (struct recipe_reader *reader);
void recipe_close (struct recipe_reader *reader);

/* The next record, and the name that it has. */
int recipe_next (struct recipe_reader *reader, struct recipe_record *record, char name[PATH_MAX]);

/* Some of the bytes of a record, at most `most`, which are valid until the next call. -1, or how many. */
ssize_t recipe_bytes (struct recipe_reader *reader, const void **bytes, uint64_t most);

/* Records that the recipe is not one, and returns -1. */
int recipe_damaged (struct recipe_reader *reader);
