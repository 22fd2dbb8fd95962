#include "fields.h"

enum { VARINT = 0, LENGTH_DELIMITED = 2 };

struct fields fields_of (const void *data, size_t length) {
  return (struct fields){ .at = data, .end = (const uint8_t *)data + length };
}

static bool next_varint (struct fields *fields, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && fields->at < fields->end; shift += 7) {
    uint8_t byte = *fields->at++;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

static bool next_bytes (struct fields *fields, struct field *field) {
  uint64_t length;
  if (!next_varint (fields, &length) || length > (uint64_t)(fields->end - fields->at))
    return false;
  field->data = fields->at;
  field->length = (size_t)length;
  fields->at += length;
  return true;
}

bool next_field (struct fields *fields, struct field *field) {
  uint64_t tag;
  if (fields->at >= fields->end)
    return false;
  bool is_whole = next_varint (fields, &tag);
  *field = (struct field){ .number = tag >> 3 };
  if (is_whole)
    switch (tag & 7) {
    case VARINT:
      is_whole = next_varint (fields, &field->value);
      break;
    case LENGTH_DELIMITED:
      is_whole = next_bytes (fields, field);
      break;
    default:
      is_whole = false;
    }
  fields->is_broken = !is_whole;
  return is_whole;
}
