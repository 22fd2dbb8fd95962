/*
 * Hands the uncompressed bytes from the thread that decompresses and hashes to the one that parses and writes, so that a layer takes as
 * long as the slower of both.
 */
#pragma once
#include <pthread.h>
#include "stream.h"

#define RING_BLOCKS 8
#define RING_BLOCK (256 << 10)

struct ring_block {
  size_t count;
  uint8_t bytes[RING_BLOCK];
};

struct ring {
  struct stream *stream;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* Under the lock. */
  unsigned filled, taken; /* blocks, ever; the difference is what is ready */
  bool open;              /* the thread may begin: the process is confined */
  bool ended, failed;
  /* Of the reader. */
  bool holds; /* the block before `taken` + 1 is lent */
  struct ring_block blocks[RING_BLOCKS];
};

/* Starts the thread, which waits until it is opened. */
int ring_begin (struct ring *ring, struct problem *problem);
void ring_open (struct ring *ring);

/* The next block, which is valid until the next call. 0 at the end of the stream, or -1. */
ssize_t ring_read (struct ring *ring, const void **block);

/* Waits for the end of the thread, after that of the stream. */
void ring_end (struct ring *ring);
