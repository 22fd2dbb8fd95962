/* Requests as they arrive, in pieces of any size. */
#pragma once
#include "base/descriptors.h"
#include "control.h"

struct frames {
  unsigned char *bytes;
  size_t size, room, taken;
  struct passed passed; /* for the next request that needs them */
};

void frames_free (struct frames *frames);

/* Receives what is there. 1: something; 0: the peer has ended; -1 and errno. */
int frames_receive (struct frames *frames, int socket);

/* The next request, which is there until the next call. 1: there is one; 0: not yet; -1: what came is none. */
int frames_next (struct frames *frames, struct request *request);
