#include "ring.h"
#include <sys/mman.h>

/* MADV_DONTFORK: a child of clone must not have the output of others in its memory. */
bool ring_map (struct stream *stream) {
  if (stream->ring)
    return true;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = mmap (NULL, stream->ring_size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  madvise (memory, stream->ring_size, MADV_DONTFORK);
  stream->ring = memory;
  return true;
}

void ring_free (struct stream *stream) {
  if (stream->ring)
    munmap (stream->ring, stream->ring_size);
  stream->ring = NULL;
}

uint64_t ring_oldest (const struct stream *stream) {
  return stream->produced > stream->ring_size ? stream->produced - stream->ring_size : 0;
}

size_t ring_parts (const struct stream *stream, uint64_t offset, size_t size, struct iovec parts[2]) {
  size_t at = offset & (stream->ring_size - 1);
  size_t first = stream->ring_size - at < size ? stream->ring_size - at : size;
  parts[0] = (struct iovec){ stream->ring + at, first };
  parts[1] = (struct iovec){ stream->ring, size - first };
  return size > first ? 2 : 1;
}
