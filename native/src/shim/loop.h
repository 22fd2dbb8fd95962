/*
 * The event loop's sources. epoll is edge-triggered: an event only sets flags, which say what is worth
 * trying; whoever gets EAGAIN clears its flag. So no source is ever freed while its event is at hand, and a
 * paused stream costs nothing. Room to write is waited for only where there was none: each read of a peer
 * makes some, and would wake us.
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

/* Watches fd, which the source owns from now on. */
int source_open (struct source *source, int epoll, int fd);

/* A write got EAGAIN: writable is false until there is room. */
void source_full (struct source *source, int epoll);

/* Gives the fd to another source, for which it is readable. On failure it stays where it is. */
int source_move (struct source *to, int epoll, struct source *from);

/* Stops watching and closes: a child of clone may hold the same file, so close alone would not stop it. */
void source_close (struct source *source, int epoll);

/* Waits for events and sets the flags. timeout in ms, -1 without. */
void loop_wait (int epoll, int timeout);

/* CLOCK_MONOTONIC, ms. */
uint64_t now_ms (void);
/* CLOCK_REALTIME, ns. */
uint64_t wall_ns (void);
