#include "frames.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

#define FIRST_ROOM 4096

void frames_free (struct frames *frames) {
  passed_close (&frames->passed);
  free (frames->bytes);
  *frames = (struct frames){ .bytes = NULL };
}

static size_t length_at (const unsigned char *at) { return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24; }

static void drop_taken (struct frames *frames) {
  frames->size -= frames->taken;
  if (frames->taken > 0 && frames->size > 0)
    memmove (frames->bytes, frames->bytes + frames->taken, frames->size);
  frames->taken = 0;
}

/* As much as the next request may be. */
static int make_room (struct frames *frames) {
  drop_taken (frames);
  if (frames->size < frames->room)
    return 0;
  size_t room = frames->room ? frames->room * 2 : FIRST_ROOM;
  unsigned char *bytes = room <= 2ul * MOST_REQUEST ? realloc (frames->bytes, room) : NULL;
  if (!bytes)
    return failed (ENOMEM);
  frames->bytes = bytes;
  frames->room = room;
  return 0;
}

int frames_receive (struct frames *frames, int socket) {
  if (make_room (frames) < 0)
    return -1;
  ssize_t got = receive_passed (socket, frames->bytes + frames->size, frames->room - frames->size, &frames->passed);
  if (got <= 0)
    return (int)got;
  frames->size += (size_t)got;
  return 1;
}

int frames_next (struct frames *frames, struct request *request) {
  const unsigned char *at = frames->bytes + frames->taken;
  size_t left = frames->size - frames->taken;
  if (left < LENGTH_SIZE)
    return 0;
  size_t length = length_at (at);
  if (length == 0 || length > MOST_REQUEST)
    return -1;
  if (left - LENGTH_SIZE < length)
    return 0;
  frames->taken += LENGTH_SIZE + length;
  return request_read (request, at + LENGTH_SIZE, length) ? 1 : -1;
}
