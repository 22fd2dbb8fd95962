#include "sink.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_MAX (16u << 10)
#define READS_A_TURN 16

struct sink {
  struct sink *next;
  struct source source;
};

void sink_take (struct sink **sinks, int epoll, struct source *source) {
  struct sink *sink = source->fd >= 0 ? calloc (1, sizeof *sink) : NULL;
  if (!sink)
    return;
  if (source_move (&sink->source, epoll, source) < 0) {
    free (sink);
    return;
  }
  sink->next = *sinks;
  *sinks = sink;
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

void sinks_pump (struct sink **link, int epoll) {
  while (*link) {
    struct sink *sink = *link;
    if (drop (sink)) {
      link = &sink->next;
      continue;
    }
    source_close (&sink->source, epoll);
    *link = sink->next;
    free (sink);
  }
}

bool sinks_busy (const struct sink *sink) {
  while (sink && !sink->source.readable)
    sink = sink->next;
  return sink;
}
