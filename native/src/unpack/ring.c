#include "ring.h"
#include <string.h>

static void put_state (struct ring *ring, bool *state) {
  pthread_mutex_lock (&ring->lock);
  *state = true;
  pthread_cond_broadcast (&ring->changed);
  pthread_mutex_unlock (&ring->lock);
}

static void wait_for_opening (struct ring *ring) {
  pthread_mutex_lock (&ring->lock);
  while (!ring->open)
    pthread_cond_wait (&ring->changed, &ring->lock);
  pthread_mutex_unlock (&ring->lock);
}

static struct ring_block *wait_for_room (struct ring *ring) {
  pthread_mutex_lock (&ring->lock);
  while (ring->filled - ring->taken == RING_BLOCKS)
    pthread_cond_wait (&ring->changed, &ring->lock);
  struct ring_block *block = &ring->blocks[ring->filled % RING_BLOCKS];
  pthread_mutex_unlock (&ring->lock);
  block->count = 0;
  return block;
}

static void hand_over (struct ring *ring) {
  pthread_mutex_lock (&ring->lock);
  ring->filled++;
  pthread_cond_broadcast (&ring->changed);
  pthread_mutex_unlock (&ring->lock);
}

/* Decoders give small blocks: handing over each would cost more than copying them. What is not compressed comes to its place at once. */
static ssize_t fill (struct ring *ring) {
  struct ring_block *to = wait_for_room (ring);
  const uint8_t *from;
  ssize_t count;
  while ((count = stream_read_to (ring->stream, to->bytes + to->count, RING_BLOCK - to->count, (const void **)&from)) > 0)
    for (size_t rest = (size_t)count; rest > 0;) {
      size_t part = RING_BLOCK - to->count < rest ? RING_BLOCK - to->count : rest;
      if (from != to->bytes + to->count)
        memcpy (to->bytes + to->count, from, part);
      to->count += part;
      from += part;
      rest -= part;
      if (to->count == RING_BLOCK) {
        hand_over (ring);
        to = wait_for_room (ring);
      }
    }
  if (count == 0 && to->count > 0)
    hand_over (ring);
  return count;
}

static void *run (void *data) {
  struct ring *ring = data;
  wait_for_opening (ring);
  bool good = stream_begin (ring->stream) == 0 && fill (ring) == 0;
  put_state (ring, good ? &ring->ended : &ring->failed);
  return NULL;
}

int ring_begin (struct ring *ring, struct problem *problem) {
  pthread_mutex_init (&ring->lock, NULL);
  pthread_cond_init (&ring->changed, NULL);
  int error = pthread_create (&ring->thread, NULL, run, ring);
  return error ? problem_put (problem, WRITE_FAILED, "", "Cannot start a thread that decompresses: %s", strerror (error)) : 0;
}

void ring_open (struct ring *ring) { put_state (ring, &ring->open); }

ssize_t ring_read (struct ring *ring, const void **block) {
  pthread_mutex_lock (&ring->lock);
  if (ring->holds) {
    ring->taken++;
    pthread_cond_broadcast (&ring->changed);
  }
  while (ring->filled == ring->taken && !ring->ended && !ring->failed)
    pthread_cond_wait (&ring->changed, &ring->lock);
  const struct ring_block *next = &ring->blocks[ring->taken % RING_BLOCKS];
  ring->holds = ring->filled != ring->taken && !ring->failed;
  ssize_t count = ring->failed ? -1 : ring->holds ? (ssize_t)next->count : 0;
  pthread_mutex_unlock (&ring->lock);
  *block = next->bytes;
  return count;
}

void ring_end (struct ring *ring) { pthread_join (ring->thread, NULL); }
