/* Bytes that grow, and the encoding of protobuf in them: https://protobuf.dev/programming-guides/encoding */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct buffer {
  uint8_t *data;
  size_t length;
  size_t room;
};

/* The tag of a field. */
#define VARINT_TAG(number) ((uint32_t)(number) << 3)
#define BYTES_TAG(number) ((uint32_t)(number) << 3 | 2)

/* All of these end the program if there is no memory. */
uint8_t *buffer_room (struct buffer *buffer, size_t length);
void put_bytes (struct buffer *buffer, const void *data, size_t length);
void put_varint (struct buffer *buffer, uint64_t value);
void put_field (struct buffer *buffer, uint32_t tag, const void *value, size_t length);
void put_number_field (struct buffer *buffer, uint32_t tag, uint64_t value);

/* Drops the first bytes. */
void buffer_drop (struct buffer *buffer, size_t length);
void buffer_free (struct buffer *buffer);
