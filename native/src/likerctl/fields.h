/* Reads messages of protobuf: https://protobuf.dev/programming-guides/encoding */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
  uint64_t number;
  uint64_t value;      /* of a varint */
  const uint8_t *data; /* NULL: it is a varint */
  size_t length;
};

struct fields {
  const uint8_t *at;
  const uint8_t *end;
  bool is_broken; /* the bytes are no message, or have another kind of field */
};

struct fields fields_of (const void *data, size_t length);
bool next_field (struct fields *fields, struct field *field);
