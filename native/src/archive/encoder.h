/* Compresses a stream of bytes. The same bytes give the same result with the same version of the libraries. */
#pragma once
#include "libraries.h"

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* Takes what the encoder has made of the bytes. -1: there is a problem. */
typedef int encoded (void *data, const void *bytes, size_t count);

struct encoder {
  const struct libraries *libraries;
  struct problem *problem;
  encoded *put;
  void *data;
  struct archive *archive; /* NULL: bytes go on as they are */
};

int encoder_begin (struct encoder *encoder, enum compression compression);
int encoder_put (struct encoder *encoder, const void *bytes, size_t count);

/* Puts what it still has. */
int encoder_end (struct encoder *encoder);
