/* What containers were denied: counted by container, kind, name, address, protocol and port, until somebody has heard of it. */
#pragma once
#include "container.h"

enum denial_kind { DENIED_NAME, DENIED_PACKET };

struct denied {
  enum denial_kind kind;
  uint8_t protocol;
  uint16_t port;
  struct address address; /* its size is 0: none */
  const char *name;       /* or "" */
};

void denials_add (struct container *container, const struct denied *denied);
/* Those of a container that goes: whoever watches hears of them first. */
void denials_end (struct container *container);

/* Whoever watches gets frames (control.h) by `send`, which returns 1; 0: there is nobody; -1: not now. */
void denials_begin (int (*send) (const unsigned char *frame, size_t size));
/* There is a new watcher. */
void denials_send (void);
