/* Where the bytes of an archive go: they are hashed, compressed, hashed again and written; or written alone, if whoever reads them hashes them. */
#pragma once
#include <stdbool.h>
#include "archive/digest.h"
#include "archive/encoder.h"

struct sink {
  const struct libraries *libraries;
  struct problem *problem;
  enum compression compression;
  bool hashes;
  int out, report;
  struct digest plain, packed;
  struct encoder encoder;
  uint64_t plain_count, packed_count;
  int64_t reported_at; /* milliseconds */
};

/* Outside the sandbox. */
int sink_begin (struct sink *sink);
int sink_put (struct sink *sink, const void *bytes, size_t count);
int sink_end (struct sink *sink);

/* Of the complete archive. */
void sink_report (struct sink *sink);
