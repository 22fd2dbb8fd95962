/*
 * Requests of likerd, and of the shims, at the Unix socket resolver.sock (SOCK_STREAM). Each is u32 (the size of what follows,
 * little-endian), a letter, and a body. Each gets an answer of one byte, in order: 0, or an errno. An id is 64 hexadecimal digits.
 *
 *   H                                   who is there? The answer has the build after its 0, BUILD_SIZE letters.
 *   O  container                        with SCM_RIGHTS: its UDP socket, its listening TCP socket, perhaps a pidfd, with whose end it is removed
 *   J  network container                it has these in the network, in place of others:
 *      u8 count, addresses; u16 count, names (u8 length, bytes): in lower case, the first is that of the addresses
 *   L  network container                it has left the network
 *   S  container u8 own u8 count, networks; u8 count, servers
 *                                       what the container sees: the first network that has the name answers. With `own` other names are asked of
 *                                       these servers, otherwise of the common ones. ENOTCONN: done, but its sockets are not there
 *   R  container                        it is gone, with its sockets
 *   U  u8 count, servers                the common servers
 *   B, E                                between these two, everything is told: the rest is forgotten at the end
 *   T                                   another program takes over. The answer is an O for each container, and an E; each of them is answered
 *
 * An address is u8 4 or 6 and its bytes; a server is an address, u32 the interface (of a link-local one), u16 the port (both little-endian).
 */
#pragma once
#include <stdbool.h>
#include "address.h"
#include "message.h"

#define ID_SIZE 64
#define BUILD_SIZE 32
#define LENGTH_SIZE 4
#define MOST_REQUEST (1u << 18)
#define MOST_ADDRESSES 16
#define MOST_NAMES 512
#define MOST_NETWORKS 255
#define MOST_SERVERS 8

struct server {
  struct address address;
  uint32_t interface;
  uint16_t port;
};

struct text {
  const char *at;
  size_t length;
};

/* Texts are in the bytes that were read. */
struct request {
  char kind;
  const char *network, *container;
  unsigned addresses, names, networks, servers;
  bool has_own_servers;
  struct address address[MOST_ADDRESSES];
  struct text name[MOST_NAMES];
  const char *networks_at; /* one after the other */
  struct server server[MOST_SERVERS];
};

/* The letter and the body. False if they are no request. */
bool request_read (struct request *request, const unsigned char *bytes, size_t size);
