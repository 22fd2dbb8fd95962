#include "recipe.h"
#include <string.h>

int recipe_begin (struct encoder *encoder) {
  if (encoder_begin (encoder, COMPRESSION_ZSTD) < 0)
    return -1;
  return encoder_put (encoder, RECIPE_MAGIC, sizeof RECIPE_MAGIC - 1);
}

int recipe_put (struct encoder *encoder, enum recipe_kind kind, uint64_t count) {
  const struct recipe_record record = { .kind = (uint8_t)kind, .count = count };
  return encoder_put (encoder, &record, sizeof record);
}

int recipe_put_named (struct encoder *encoder, enum recipe_kind kind, const char *name, uint64_t offset, uint64_t count) {
  const struct recipe_record record = {
    .kind = (uint8_t)kind, .name_length = (uint16_t)strlen (name), .offset = offset, .count = count
  };
  return encoder_put (encoder, &record, sizeof record) < 0 ? -1 : encoder_put (encoder, name, record.name_length);
}
