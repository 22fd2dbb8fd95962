/*
 * The bytes of the layer as they came: a file that may still grow, as far as the control lines say that it is there; or a pipe or a
 * socket, whose end is that of the layer, and which needs no control lines.
 */
#pragma once
#include "control.h"
#include "archive/digest.h"

#define SOURCE_BLOCK (256 << 10)

struct source {
  int control_fd, file;
  bool is_stream;
  bool needs_end; /* the end of a stream counts only if a control line has told it: its writer may have died */
  bool passes;    /* the stream is a Unix socket, through which descriptors come */
  int passed;     /* one that has come and was not taken, or -1 */
  struct control control;
  struct digest digest;
  uint64_t read; /* so many bytes were read and hashed */
  struct problem *problem;
  uint8_t *place; /* where the next bytes are read to, and for how many there is room */
  size_t room;
  uint8_t block[SOURCE_BLOCK];
};

/* Looks at what the file is, and makes it wait for what comes. */
int source_begin (struct source *source);

/* The next block is read to that place, once; else it is valid until the next call. */
void source_place (struct source *source, uint8_t *place, size_t room);

/* The next block. Waits for it. 0 at the end of the source, or -1. */
ssize_t source_read (struct source *source, const void **block);

/* Reads the rest, which no decoder needed, but the digest does. */
int source_drain (struct source *source);
