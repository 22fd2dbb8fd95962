/* SHA-256. */
#pragma once
#include "libraries.h"
#include "report.h"

struct digest {
  const struct libraries *libraries;
  void *context; /* NULL: nobody wants it */
};

/* Reads libcrypto's own configuration: it must be called outside the sandbox. -1 if libcrypto fails. */
int digest_begin (struct digest *digest, const struct libraries *libraries, struct problem *problem);
void digest_add (struct digest *digest, const void *bytes, size_t count);
void digest_end (struct digest *digest, uint8_t out[DIGEST_SIZE]);
