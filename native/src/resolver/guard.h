/* The guard, as the resolver sees it. */
#pragma once
#include "guard_change.h"
#include "list.h"

/* Makes the guard of a table and of a group of NFLOG (0: none), before anything is open that it need not have. -1 and errno. */
int guard_begin (const char *table, uint16_t group);
/* Hears it from now on, also of packets that were denied: after loop_begin. -1 and errno. */
int guard_watch (void (*denied_packet) (const char *interface, const unsigned char *packet, size_t size));

bool guard_is_there (void);
/* There was one, and it has ended: this process can make no other. */
bool guard_is_lost (void);

struct guard_wait {
  struct list item;
  uint32_t id;
  void (*done) (struct guard_wait *wait, int error);
};

/* Sends the change; `done` is called once it is made or refused. -1 and errno: without a guard. */
int guard_ask (struct guard_change *change, struct guard_wait *wait, void (*done) (struct guard_wait *wait, int error));

/* Hears of no further packets that are denied: another resolver's guard does. */
void guard_leave_packets (void);

/* Returns when everything that was asked before is done. */
void guard_settle (void);

/* Calls `found` for each element that is in the sets. */
void guard_recall (void (*found) (const struct element *element));
