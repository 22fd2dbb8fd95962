/* What a packet of IP is for. */
#pragma once
#include "address.h"

struct packet {
  struct address to;
  uint8_t protocol;
  uint16_t port; /* 0: it has none, or it is not in these bytes */
};

/* Of a packet's first bytes. False if they have no address. */
bool packet_read (struct packet *packet, const unsigned char *bytes, size_t size);
