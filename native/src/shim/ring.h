/* The ring of a stream: its last bytes, for the daemon and for clients that attach later. */
#pragma once
#include <sys/uio.h>
#include "shim.h"

/* Maps the ring, if it is not mapped yet. False if there is no memory. */
bool ring_map (struct stream *stream);
void ring_free (struct stream *stream);

/* The offset of the oldest byte in the ring. */
uint64_t ring_oldest (const struct stream *stream);

/* The memory of `size` bytes from `offset` on. Fills in both parts and returns how many are not empty. */
size_t ring_parts (const struct stream *stream, uint64_t offset, size_t size, struct iovec parts[2]);
