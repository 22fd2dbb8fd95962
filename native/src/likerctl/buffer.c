#include "buffer.h"
#include <stdlib.h>
#include <string.h>
#include "end.h"

#define FIRST_ROOM 256

uint8_t *buffer_room (struct buffer *buffer, size_t length) {
  size_t room = buffer->room ? buffer->room : FIRST_ROOM;
  while (room - buffer->length < length)
    room *= 2;
  if (room != buffer->room) {
    uint8_t *data = realloc (buffer->data, room);
    if (!data)
      end_with_error ("Cannot allocate %zu bytes: there is no memory", room);
    buffer->data = data;
    buffer->room = room;
  }
  return buffer->data + buffer->length;
}

void put_bytes (struct buffer *buffer, const void *data, size_t length) {
  uint8_t *room = buffer_room (buffer, length);
  if (length)
    memcpy (room, data, length);
  buffer->length += length;
}

void put_varint (struct buffer *buffer, uint64_t value) {
  uint8_t bytes[10];
  size_t count = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[count++] = (uint8_t)(value | 0x80);
  bytes[count++] = (uint8_t)value;
  put_bytes (buffer, bytes, count);
}

void put_field (struct buffer *buffer, uint32_t tag, const void *value, size_t length) {
  put_varint (buffer, tag);
  put_varint (buffer, length);
  put_bytes (buffer, value, length);
}

void put_number_field (struct buffer *buffer, uint32_t tag, uint64_t value) {
  put_varint (buffer, tag);
  put_varint (buffer, value);
}

void buffer_drop (struct buffer *buffer, size_t length) {
  buffer->length -= length;
  if (length && buffer->length)
    memmove (buffer->data, buffer->data + length, buffer->length);
}

void buffer_free (struct buffer *buffer) {
  free (buffer->data);
  *buffer = (struct buffer){ 0 };
}
