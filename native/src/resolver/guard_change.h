/* What the resolver tells its guard, and hears from it: each a message of a socket pair (SOCK_SEQPACKET). */
#pragma once
#include "policy.h"

/* Of one answer. */
#define MOST_GIVEN 64
/* Interfaces times addresses times ports. */
#define MOST_ELEMENTS 1024

struct given {
  struct address address;
  uint32_t ms; /* that it stays; 0: it is taken away */
};

/* Addresses of one family that a container may, or may no longer, reach. */
struct guard_change {
  uint32_t id;
  uint16_t interfaces, addresses, ports; /* without ports: all of them */
  char interface[MOST_INTERFACES][INTERFACE_SIZE];
  struct given given[MOST_GIVEN];
  struct port port[MOST_PORTS];
};

/* Of a packet. */
#define MOST_PACKET 128

/* What has become of a change; without its id: a packet that was denied. */
struct guard_news {
  uint32_t id;
  int32_t error; /* errno */
  uint32_t size; /* of the packet */
  char interface[INTERFACE_SIZE];
  unsigned char packet[MOST_PACKET];
};
