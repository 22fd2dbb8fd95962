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

/*
 * Addresses of one family that a container may, or may no longer, reach. Without addresses it asks for the elements that there are, or lets the
 * packets that are denied go to the guard of another resolver.
 */
struct guard_change {
  uint32_t id;
  bool leaves_packets;
  uint16_t interfaces, addresses, ports; /* without ports: all of them */
  char name[MOST_NAME + 1];              /* that has the addresses */
  char interface[MOST_INTERFACES][INTERFACE_SIZE];
  struct given given[MOST_GIVEN];
  struct port port[MOST_PORTS];
};

/* Of a packet. */
#define MOST_PACKET 128

/* A packet that was denied. */
struct denied_bytes {
  uint32_t size;
  char interface[INTERFACE_SIZE];
  unsigned char bytes[MOST_PACKET];
};

struct element {
  char interface[INTERFACE_SIZE];
  struct address address;
  struct port port; /* its protocol is 0: all ports */
  uint32_t ms;
  char name[MOST_NAME + 1];
};

enum guard_news_kind { NEWS_DONE, NEWS_PACKET, NEWS_ELEMENT };

struct guard_news {
  enum guard_news_kind kind;
  /* Of a change that is done. */
  uint32_t id;
  int32_t error; /* errno */
  union {
    struct denied_bytes packet;
    struct element element;
  };
};
