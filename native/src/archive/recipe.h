/*
 * The recipe of a layer: what its uncompressed archive has beside the contents of files, and where these are. From both comes the same
 * archive again, byte for byte. A recipe is a stream of records, compressed by zstd, which begins with RECIPE_MAGIC.
 */
#pragma once
#include "encoder.h"

#define RECIPE_MAGIC "liker recipe 1\n"

enum recipe_kind {
  RECIPE_BYTES = 'B',    /* `count` bytes follow */
  RECIPE_CONTENTS = 'C', /* `count` bytes from `offset` of the file whose name follows, without a NUL */
  RECIPE_END = 'E',      /* the archive has `count` bytes */
  /*
   * Only until the archive has been read: the file or folder whose name follows was set aside under the number `count`, as another entry took
   * its place. What the records before it say of that name, and of names below it, is there.
   */
  RECIPE_MOVED = 'M',
};

/* As in memory: recipes do not leave the machine. */
struct recipe_record {
  uint8_t kind, unused;
  uint16_t name_length;
  uint32_t unused_too;
  uint64_t offset, count;
};
_Static_assert (sizeof (struct recipe_record) == 24, "no padding");

/* Begins a recipe, whose bytes the encoder puts. */
int recipe_begin (struct encoder *encoder);
int recipe_put (struct encoder *encoder, enum recipe_kind kind, uint64_t count);
int recipe_put_named (struct encoder *encoder, enum recipe_kind kind, const char *name, uint64_t offset, uint64_t count);
