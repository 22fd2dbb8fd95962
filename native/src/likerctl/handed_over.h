/* What the TypeScript client needs to go on with a session. client/session/handed-over.ts reads it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct handed_over {
  const char *request_id;
  int call;             /* the connection to likerd; -1: none */
  const uint8_t *rest;  /* read from it, and not handled */
  size_t rest_length;
  const uint8_t *ready; /* an encoded Ready; NULL: it has not come */
  size_t ready_length;
  uint64_t shown[2];             /* how far stdout and stderr have been written */
  const struct termios *cooked; /* the terminal before raw mode; NULL: it is not in raw mode */
  int guard;                    /* where to tell that the terminal was taken over; -1: nowhere */
  unsigned interrupts;           /* signals so far by which the user has asked the program to end */
};

/* Makes the descriptors that are handed over survive execve(2). Returns one from which the state can be read, or -1 and errno. */
int handed_over_file (const struct handed_over *state);
