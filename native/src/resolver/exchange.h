/* A question to a name server by TCP. */
#pragma once
#include "loop.h"
#include "servers.h"

struct exchange {
  struct watch watch;
  /* Called once, at the end: the answer; NULL: there is none. */
  void (*over) (struct exchange *exchange, unsigned char *message, size_t size);
  unsigned char *bytes; /* with the length before them: first of the question, then of the answer */
  size_t size, done;
  uint16_t id;
  bool is_sent;
};

#define NO_EXCHANGE ((struct exchange){ .watch = NO_WATCH })

/* `id` takes the place of the message's. -1 and errno. */
int exchange_begin (struct exchange *exchange, const union place *place, uint16_t id, const unsigned char *message, size_t size,
                  void (*over) (struct exchange *exchange, unsigned char *message, size_t size));
void exchange_close (struct exchange *exchange);
