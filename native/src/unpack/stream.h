/* The uncompressed bytes of the layer. */
#pragma once
#include "source.h"

struct stream {
  struct source *source;
  const struct libraries *libraries;
  struct archive *decoder; /* NULL: the source is not compressed */
  struct digest digest; /* unused if the source is not compressed: it has the same bytes */
  const char *compression;
  uint64_t count, most; /* so many bytes came, and more than `most` are refused */
  int report;
  int64_t reported_at; /* milliseconds */
  struct problem *problem;
  const void *first; /* a block of the source that was read, but not yet given on */
  size_t first_count;
};

/* Reads the first block, which says how the source is compressed. */
int stream_begin (struct stream *stream);

/* The next block, which is valid until the next call. 0 at the end, or -1. */
ssize_t stream_read (struct stream *stream, const void **block);

/* The same, or, if the source is not compressed, the block is there, and has at most `room` bytes. */
ssize_t stream_read_to (struct stream *stream, uint8_t *there, size_t room, const void **block);

/* Of the source as it came, and uncompressed, once all of it was read. */
void stream_digests (struct stream *stream, uint8_t packed[DIGEST_SIZE], uint8_t plain[DIGEST_SIZE]);
