#include "loop.h"
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static int epoll = -1;

/* Timers by the tick at which they are due. */
#define SLOTS 256
static struct list wheel[SLOTS];
static uint64_t looked_at; /* the tick up to which all timers are over */
static unsigned timers;

_Static_assert(MOST_MS / TICK_MS < SLOTS - 1, "a timer has its own turn of the wheel");

uint64_t loop_ms (void) {
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int loop_begin (void) {
  for (unsigned i = 0; i < SLOTS; i++)
    list_init (&wheel[i]);
  looked_at = loop_ms () / TICK_MS;
  epoll = epoll_create1 (EPOLL_CLOEXEC);
  return epoll < 0 ? -1 : 0;
}

int watch_open (struct watch *watch, int fd, uint32_t events, void (*ready) (struct watch *watch, uint32_t events)) {
  struct epoll_event event = { .events = events, .data.ptr = watch };
  if (epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event) < 0)
    return -1;
  *watch = (struct watch){ .fd = fd, .events = events, .ready = ready };
  return 0;
}

void watch_change (struct watch *watch, uint32_t events) {
  if (watch->fd < 0 || watch->events == events)
    return;
  watch->events = events;
  struct epoll_event event = { .events = events, .data.ptr = watch };
  epoll_ctl (epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void watch_stop (struct watch *watch) {
  if (watch->fd >= 0)
    epoll_ctl (epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

/* A close alone does not end it while another process has the same file open. */
void watch_close (struct watch *watch) {
  if (watch->fd < 0)
    return;
  watch_stop (watch);
  close (watch->fd);
  *watch = NO_WATCH;
}

void timer_stop (struct timer *timer) {
  if (!timer->item.next)
    return;
  list_remove (&timer->item);
  timers--;
}

void timer_set (struct timer *timer, unsigned ms, void (*due) (struct timer *timer)) {
  timer_stop (timer);
  if (!timers)
    looked_at = loop_ms () / TICK_MS;
  timer->due = due;
  timer->at = loop_ms () + (ms < MOST_MS ? ms : MOST_MS);
  list_append (&wheel[(timer->at / TICK_MS + 1) % SLOTS], &timer->item);
  timers++;
}

/* The first timer of the ticks that are over; NULL if there is none. */
static struct timer *due_by (uint64_t tick) {
  for (; looked_at < tick; looked_at++) {
    const struct list *slot = &wheel[(looked_at + 1) % SLOTS];
    /* Others in it are of a later turn of the wheel, after the process was stopped for long. */
    for (struct list *item = slot->next; item != slot; item = item->next)
      if (ITEM (item, struct timer, item)->at / TICK_MS < tick)
        return ITEM (item, struct timer, item);
  }
  return NULL;
}

/* One at a time, since each may stop others. Whether there was one. */
static bool fire (uint64_t now) {
  struct timer *timer = due_by (now / TICK_MS);
  if (!timer)
    return false;
  timer_stop (timer);
  timer->due (timer);
  return true;
}

/* ms until the next timer is due; -1 if there is none. */
static int patience (uint64_t now) {
  if (!timers)
    return -1;
  uint64_t tick = looked_at + 1;
  while (list_is_empty (&wheel[tick % SLOTS]))
    tick++;
  return tick * TICK_MS > now ? (int)(tick * TICK_MS - now) : 0;
}

void loop_once (void) {
  struct epoll_event event;
  if (fire (loop_ms ()))
    return;
  int count = epoll_wait (epoll, &event, 1, patience (loop_ms ()));
  if (count != 1)
    return;
  struct watch *watch = event.data.ptr;
  watch->ready (watch, event.events);
}
