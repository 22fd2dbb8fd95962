#include "loop.h"
#include <sys/epoll.h>
#include <time.h>
#include "base/cleanup.h"

#define BATCH 32

static int watch (struct source *source, int epoll, int operation) {
  uint32_t room = source->wants_room ? EPOLLOUT : 0;
  struct epoll_event event = { .events = EPOLLIN | room | EPOLLRDHUP | EPOLLET, .data.ptr = source };
  return epoll_ctl (epoll, operation, source->fd, &event);
}

int source_open (struct source *source, int epoll, int fd) {
  *source = (struct source){ .fd = fd, .writable = true };
  return watch (source, epoll, EPOLL_CTL_ADD);
}

static void want_room (struct source *source, int epoll, bool wanted) {
  if (source->wants_room == wanted)
    return;
  source->wants_room = wanted;
  watch (source, epoll, EPOLL_CTL_MOD);
}

void source_full (struct source *source, int epoll) {
  source->writable = false;
  want_room (source, epoll, true); /* this causes an event at once if there is room by now */
}

void source_close (struct source *source, int epoll) {
  if (source->fd < 0)
    return;
  epoll_ctl (epoll, EPOLL_CTL_DEL, source->fd, NULL);
  close (source->fd);
  *source = NO_SOURCE;
}

int source_move (struct source *to, int epoll, struct source *from) {
  *to = (struct source){ .fd = from->fd, .readable = true, .writable = true };
  if (watch (to, epoll, EPOLL_CTL_MOD) < 0)
    return -1;
  *from = NO_SOURCE;
  return 0;
}

void loop_wait (int epoll, int timeout) {
  struct epoll_event events[BATCH];
  int count = epoll_wait (epoll, events, BATCH, timeout);
  for (int i = 0; i < count; i++) {
    struct source *source = events[i].data.ptr;
    uint32_t seen = events[i].events;
    if (seen & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
      source->readable = true;
    if (seen & EPOLLOUT && source->writable)
      want_room (source, epoll, false);
    if (seen & (EPOLLOUT | EPOLLHUP | EPOLLERR))
      source->writable = true;
    if (seen & (EPOLLHUP | EPOLLERR))
      source->hung = true;
  }
}

uint64_t now_ms (void) {
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t wall_ns (void) {
  struct timespec now;
  clock_gettime (CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}
