#include "outbox.h"
#include <stdlib.h>
#include <string.h>
#include "base/syscalls.h"
#include "include/protocol.h"

#define FIRST_CAPACITY 1024u
#define KEPT_CAPACITY (64u << 10)

static bool reserve (struct outbox *out, size_t size) {
  if (out->length + size <= out->capacity)
    return true;
  size_t capacity = out->capacity ? out->capacity : FIRST_CAPACITY;
  while (capacity < out->length + size)
    capacity *= 2;
  uint8_t *data = realloc (out->data, capacity);
  if (!data) {
    out->length = out->frame; /* only whole frames are sent */
    out->exhausted = true;
    return false;
  }
  out->data = data;
  out->capacity = capacity;
  return true;
}

void outbox_bytes (struct outbox *out, const void *data, size_t size) {
  if (!out || out->exhausted || !size || !reserve (out, size))
    return;
  memcpy (out->data + out->length, data, size);
  out->length += size;
}

void outbox_u32 (struct outbox *out, uint32_t value) { outbox_bytes (out, &value, sizeof value); }

void outbox_u64 (struct outbox *out, uint64_t value) { outbox_bytes (out, &value, sizeof value); }

void outbox_text (struct outbox *out, const char *text) {
  uint32_t length = (uint32_t)strlen (text);
  outbox_u32 (out, length);
  outbox_bytes (out, text, (size_t)length + 1);
}

void put_header (uint8_t header[12], size_t payload, uint8_t type, uint8_t stream, uint32_t process) {
  uint32_t length = (uint32_t)(payload + SHIM_FRAME_HEADER - sizeof length);
  memcpy (header, &length, sizeof length);
  header[4] = type;
  header[5] = stream;
  header[6] = header[7] = 0;
  memcpy (header + 8, &process, sizeof process);
}

void outbox_begin (struct outbox *out, uint8_t type, uint8_t stream, uint32_t process) {
  uint8_t header[SHIM_FRAME_HEADER];
  if (!out)
    return;
  put_header (header, 0, type, stream, process);
  out->frame = out->length;
  outbox_bytes (out, header, sizeof header);
}

void outbox_end (struct outbox *out) {
  if (!out || out->exhausted)
    return;
  uint32_t length = (uint32_t)(out->length - out->frame - sizeof length);
  memcpy (out->data + out->frame, &length, sizeof length);
}

void outbox_sent (struct outbox *out, size_t size) {
  out->head += size;
  if (out->head < out->length)
    return;
  out->head = out->length = 0;
  if (out->capacity > KEPT_CAPACITY)
    outbox_free (out);
}

bool outbox_write (struct outbox *out, int socket, size_t least) {
  while (outbox_waiting (out) > least) {
    ssize_t sent = RETRY (write (socket, out->data + out->head, outbox_waiting (out)));
    if (sent < 0)
      return false;
    outbox_sent (out, (size_t)sent);
  }
  return !out->exhausted;
}

void outbox_free (struct outbox *out) {
  free (out->data);
  *out = (struct outbox){ .exhausted = out->exhausted };
}
