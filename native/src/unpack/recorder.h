/*
 * Writes the recipe of the layer (archive/recipe.h) while its archive is read. A byte of the archive is in the recipe as soon as it is known
 * whether a file has it.
 */
#pragma once
#include <limits.h>
#include "archive/encoder.h"
#include "archive/records.h"

struct recorder {
  struct encoder encoder;
  int file;
  uint64_t told; /* so many bytes of the archive are in the recipe, or in `contents` */
  uint64_t fed;  /* so many the reader of the archive has been given */
  const uint8_t *block; /* the last of these, as long as they are lent, */
  size_t block_count;
  struct records kept; /* and those between, that the reader has only looked at: of char */
  /* Goes on as long as the next bytes are those that follow in the file. */
  struct {
    uint64_t offset, count;
    char name[PATH_MAX];
  } contents;
};

/* The file is empty. */
int recorder_begin (struct recorder *recorder, int file, const struct libraries *libraries, struct problem *problem);

/* The block that was lent last will be gone; the reader is done with the first `done` bytes of the archive. */
int recorder_release (struct recorder *recorder, uint64_t done);

/* The reader is given this block. */
void recorder_lend (struct recorder *recorder, const void *block, size_t count);

/* Bytes of the archive, from `position`, that the file with this clean name has from `offset`. */
int recorder_contents (struct recorder *recorder, const char *name, uint64_t position, uint64_t offset, uint64_t count);

/* What has this name is set aside (archive/recipe.h, RECIPE_MOVED). */
int recorder_moved (struct recorder *recorder, const char *name, uint64_t number);

/* All bytes have been lent. */
int recorder_end (struct recorder *recorder);
