/* Packets that rules of nftables log to a group (NFLOG). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logged {
  char interface[16]; /* at which it came in; empty: it is gone */
  const unsigned char *packet;
  size_t size;
};

/* Gets the group's packets at a socket of NETLINK_NETFILTER, with their first bytes. -1 and errno; EBUSY: another process has the group. */
int packet_log_bind (int socket, uint16_t group, uint32_t most_bytes);

/* Another process may have the group. What has come stays to be read. -1 and errno. */
int packet_log_unbind (int socket, uint16_t group);

/* The packet in a message whose rule has this prefix. False if there is none. */
bool packet_log_read (struct logged *logged, int socket, const char *prefix, const unsigned char *message, size_t size);
