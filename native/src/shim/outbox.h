/* Frames that wait to be written to a socket. Without an outbox (NULL), nothing is added. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox {
  uint8_t *data;
  size_t head, length, capacity;
  size_t frame;   /* where the frame that is being added begins */
  bool exhausted; /* out of memory: nothing more is added, and the connection ends */
};

/* Adds a frame: begin, its fields, end. */
void outbox_begin (struct outbox *out, uint8_t type, uint8_t stream, uint32_t process);
void outbox_u32 (struct outbox *out, uint32_t value);
void outbox_u64 (struct outbox *out, uint64_t value);
void outbox_text (struct outbox *out, const char *text);
void outbox_bytes (struct outbox *out, const void *data, size_t size);
void outbox_end (struct outbox *out);

static inline size_t outbox_waiting (const struct outbox *out) { return out->length - out->head; }

/* Removes so many bytes, which were written to the socket. */
void outbox_sent (struct outbox *out, size_t size);

/* Writes to a blocking socket until at most `least` bytes are left. False if the peer is gone or memory ran out. */
bool outbox_write (struct outbox *out, int socket, size_t least);
void outbox_free (struct outbox *out);

/* Fills in the header of a frame with `payload` bytes. */
void put_header (uint8_t header[12], size_t payload, uint8_t type, uint8_t stream, uint32_t process);
