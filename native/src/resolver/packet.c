#include "packet.h"
#include <netinet/in.h>
#include <string.h>
#include "message.h"

enum { V4_SIZE = 20, V4_FRAGMENT = 6, V4_PROTOCOL = 9, V4_TO = 16, V6_SIZE = 40, V6_NEXT = 6, V6_TO = 24, TARGET_PORT = 2 };
#define V4_OFFSET 0x1fff
#define V6_OFFSET 0xfff8
/* Of extension headers. */
#define UNIT 8

static bool has_ports (uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_DCCP;
}

static void take_port (struct packet *packet, const unsigned char *bytes, size_t size, size_t at) {
  if (has_ports (packet->protocol) && size >= at + TARGET_PORT + 2)
    packet->port = get_16 (bytes + at + TARGET_PORT);
}

static bool read_v4 (struct packet *packet, const unsigned char *bytes, size_t size) {
  if (size < V4_SIZE)
    return false;
  packet->protocol = bytes[V4_PROTOCOL];
  packet->to.size = 4;
  memcpy (packet->to.bytes, bytes + V4_TO, 4);
  if (!(get_16 (bytes + V4_FRAGMENT) & V4_OFFSET))
    take_port (packet, bytes, size, (size_t)(bytes[0] & 0x0f) * 4);
  return true;
}

static bool is_extension (uint8_t header) {
  return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING || header == IPPROTO_FRAGMENT || header == IPPROTO_DSTOPTS;
}

static bool read_v6 (struct packet *packet, const unsigned char *bytes, size_t size) {
  if (size < V6_SIZE)
    return false;
  packet->protocol = bytes[V6_NEXT];
  packet->to.size = 16;
  memcpy (packet->to.bytes, bytes + V6_TO, 16);
  size_t at = V6_SIZE;
  while (is_extension (packet->protocol) && size >= at + UNIT) {
    bool is_fragment = packet->protocol == IPPROTO_FRAGMENT;
    if (is_fragment && get_16 (bytes + at + 2) & V6_OFFSET)
      return true;
    packet->protocol = bytes[at];
    at += is_fragment ? UNIT : ((size_t)bytes[at + 1] + 1) * UNIT;
  }
  take_port (packet, bytes, size, at);
  return true;
}

bool packet_read (struct packet *packet, const unsigned char *bytes, size_t size) {
  *packet = (struct packet){ .port = 0 };
  if (size == 0)
    return false;
  return bytes[0] >> 4 == 4 ? read_v4 (packet, bytes, size) : bytes[0] >> 4 == 6 && read_v6 (packet, bytes, size);
}
