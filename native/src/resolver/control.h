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
 *   P  container u8 kind u8 count, interfaces; u16 count, rules
 *                                       the policy for what the container may reach, in place of another. Kind 0: none; 1: only names that a rule allows
 *                                       are answered, and their addresses can be reached through the interfaces (16 bytes each, with zeros at the end).
 *                                       A rule is u8 1 (any name below this one) or 0, u8 length, name, u8 count, ports: u8 protocol (0: TCP and UDP),
 *                                       u16 first, u16 last; without any, all of them. It stays until another comes. EOPNOTSUPP: without --table no
 *                                       address can be reached
 *   G                                   the table was made anew: what can still be reached is put into it again
 *   W                                   this session hears what containers are denied, at most every 200 ms of the same: after the answer come frames
 *      D  container u8 what u8 protocol u16 port u8 family, address; u8 length, name; u32 count
 *                                       what: 0 a name, 1 a packet. The family is 0 without an address. Of very many different ones the rest is counted
 *                                       without protocol, port, address and name
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
#define MOST_INTERFACES 32
#define INTERFACE_SIZE 16

struct server {
  struct address address;
  uint32_t interface;
  uint16_t port;
};

struct text {
  const char *at;
  size_t length;
};

struct port_range {
  uint8_t protocol; /* 0: TCP and UDP */
  uint16_t first, last;
};

struct rule {
  bool is_wildcard;
  struct text name;
  unsigned ranges;
  const unsigned char *ranges_at;
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
  bool is_policed;
  unsigned interfaces, rules;
  const char *interfaces_at;
  const unsigned char *rules_at;
  size_t rules_size;
};

/* The letter and the body. False if they are no request. */
bool request_read (struct request *request, const unsigned char *bytes, size_t size);

/* The rule at these bytes. Its size; 0 if there is none. */
size_t rule_read (struct rule *rule, const unsigned char *bytes, size_t size);
struct port_range rule_range (const struct rule *rule, unsigned index);
