/*
 * The pipes of an exec that has ended while processes that it left running still hold them: their output is read and dropped. With
 * no reader, the next write would end those processes with SIGPIPE, or block them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "shim.h"

#define READ_MAX (16u << 10)
#define READS_A_TURN 16

struct sink {
  struct sink *next;
  struct source source;
};

void sink_take (struct shim *shim, struct source *source) {
  struct sink *sink = source->fd >= 0 ? calloc (1, sizeof *sink) : NULL;
  if (!sink)
    return;
  if (source_move (&sink->source, shim->epoll, source) < 0) {
    free (sink);
    return;
  }
  sink->next = shim->sinks;
  shim->sinks = sink;
}

/* False at the end of the pipe. */
static bool drop (struct sink *sink) {
  char dropped[READ_MAX];
  for (int i = 0; i < READS_A_TURN && sink->source.readable; i++) {
    ssize_t got = read (sink->source.fd, dropped, sizeof dropped);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
      return false;
    if (got < 0 && errno == EAGAIN)
      sink->source.readable = false;
  }
  return true;
}

void sinks_pump (struct shim *shim) {
  struct sink **link = &shim->sinks;
  while (*link) {
    struct sink *sink = *link;
    if (drop (sink)) {
      link = &sink->next;
      continue;
    }
    source_close (&sink->source, shim->epoll);
    *link = sink->next;
    free (sink);
  }
}

bool sinks_busy (const struct shim *shim) {
  for (const struct sink *sink = shim->sinks; sink; sink = sink->next)
    if (sink->source.readable)
      return true;
  return false;
}
