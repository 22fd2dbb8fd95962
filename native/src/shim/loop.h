/*
 * The sources of the event loop. epoll is edge-triggered: an event only sets flags, which say what is worth
 * trying, and EAGAIN clears them. So no source is freed while its event is being handled, and a paused stream costs
 * nothing. EPOLLOUT is asked for only after a write found no room: every read of the peer would cause an event.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct source {
  int fd;
  bool readable;
  bool writable;
  bool wants_room; /* EPOLLOUT is asked for */
  bool hung; /* EPOLLHUP or EPOLLERR was seen */
};

#define NO_SOURCE ((struct source){ .fd = -1 })

/* Watches fd, which the source owns from now on. -1 and errno. */
int source_open (struct source *source, int epoll, int fd);

/* After a write got EAGAIN: clears writable until there is room. */
void source_full (struct source *source, int epoll);

/* Moves the fd to another source and marks that as readable. On failure -1, and the fd stays. */
int source_move (struct source *to, int epoll, struct source *from);

/* Stops watching and closes. A close alone does not stop it, because a child of clone may have the same file open. */
void source_close (struct source *source, int epoll);

/* Waits for events and sets the flags. timeout in ms; -1: none. */
void loop_wait (int epoll, int timeout);

/* CLOCK_MONOTONIC, ms. */
uint64_t now_ms (void);
/* CLOCK_REALTIME, ns. */
uint64_t wall_ns (void);
