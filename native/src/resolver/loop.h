/*
 * The event loop: epoll, and timers. It takes one event at a time, so that whoever handles it may free anything, and each fd that
 * has something gets its turn.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "list.h"

struct watch {
  int fd; /* -1: none */
  uint32_t events;
  void (*ready) (struct watch *watch, uint32_t events);
};

#define NO_WATCH ((struct watch){ .fd = -1 })

int loop_begin (void);

/* Waits for `events` (EPOLLIN and so on) of fd, which the watch owns if this succeeds; with none, only for errors. -1 and errno. */
int watch_open (struct watch *watch, int fd, uint32_t events, void (*ready) (struct watch *watch, uint32_t events));
void watch_change (struct watch *watch, uint32_t events);
/* Waits no longer, but keeps the fd. */
void watch_stop (struct watch *watch);
void watch_close (struct watch *watch);

struct timer {
  struct list item;
  uint64_t at; /* ms */
  void (*due) (struct timer *timer);
};

/* ms from now, in place of what was set before; at most MOST_MS. It may be up to TICK_MS late. */
#define TICK_MS 50
#define MOST_MS 12000
void timer_set (struct timer *timer, unsigned ms, void (*due) (struct timer *timer));
void timer_stop (struct timer *timer);

/* CLOCK_MONOTONIC, ms. */
uint64_t loop_ms (void);

/* Handles the next event, or a timer that is due. */
void loop_once (void);
