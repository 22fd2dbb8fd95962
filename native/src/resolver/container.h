/* A container, as far as names go. */
#pragma once
#include "control.h"
#include "list.h"
#include "loop.h"
#include "table.h"

struct zone;
struct servers;
struct policy;

struct container {
  struct table_entry entry;
  char id[ID_SIZE];
  uint64_t generation; /* of the last telling of everything in which it came */
  bool is_shown;       /* what it sees is known: its sockets are read */
  bool is_handed;      /* to the program that takes over */
  unsigned zones;
  struct zone **zone;
  struct servers *servers;     /* NULL: the common ones */
  const struct policy *policy; /* NULL: it may ask for any name */
  struct list grants;          /* of grants.c, the one first that was told longest ago */
  unsigned grant_count;
  struct list denials; /* of denials.c */
  unsigned denial_count;
  struct list members;     /* of zones.c */
  struct list queries;     /* of query.c, the oldest first */
  struct list connections; /* of connection.c, the one first that has been silent for longest */
  unsigned query_count, connection_count;
  struct watch udp, tcp, process;
  struct timer accept_again;
};
