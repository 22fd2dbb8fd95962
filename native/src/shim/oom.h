/* Counts the processes of the container that the kernel kills because memory is short. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "loop.h"
#include "outbox.h"

struct oom {
  struct source source; /* v2: memory.events itself; v1: an eventfd */
  int counter;          /* the file with the count */
  bool is_v1;
  uint64_t reported;    /* the count */
  uint64_t look_at;     /* ms; 0: not before the next event */
  uint64_t look_until;  /* ms */
};

/* `file` is memory.events of v2, memory.oom_control of v1, or empty if the container has neither. */
void oom_open (struct oom *oom, int epoll, const char *file);

/* Reports a new count to `out`, which is NULL without a daemon. */
void oom_advance (struct oom *oom, struct outbox *out);
