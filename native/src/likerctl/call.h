/* The call of a session to likerd, by ttrpc: https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buffer.h"
#include "session_plan.h"

enum frame_type { FRAME_RESPONSE = 2, FRAME_DATA = 3 };
enum frame_flags { REMOTE_CLOSED = 1, REMOTE_OPEN = 2, NO_DATA = 4 };

#define HEADER_BYTES 10

struct call {
  int socket;
  struct buffer in;
  size_t handled; /* so many bytes of `in` */
};

struct frame {
  uint8_t type;
  uint8_t flags;
  const uint8_t *data;
  size_t length;
};

/* False: likerd cannot be reached. */
bool call_connect (struct call *call, const char *socket_path);
/* False, as with all of these: likerd has gone. */
bool call_begin (struct call *call, const struct session_plan *plan);
bool call_send (struct call *call, uint8_t flags, const void *message, size_t length);
/* Reads what has come, without waiting for more. False: there is no more. */
bool call_read (struct call *call);
/* The next whole frame, which call_took takes away. False: it has not come. */
bool call_next (const struct call *call, struct frame *frame);
void call_took (struct call *call, const struct frame *frame);
