#include "guard_process.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/netlink.h"
#include "base/netlink_read.h"
#include "base/syscalls.h"
#include "confine.h"
#include "elements.h"
#include "elements_read.h"
#include "packet_log.h"

/* An answer repeats what it is about. */
#define MOST_ANSWER (1u << 17)
/* With the attributes beside it. */
#define MOST_MESSAGE_OF_PACKET 4096
#define BIND_AGAIN_MS 250

static int resolver = -1, nftables = -1;
static const char *own_table;
static unsigned char bytes[ELEMENTS_ROOM];
static struct batch batch = { .bytes = bytes };

/* Whether a message is an answer to the transaction whose first message has this number. Sets `error`. */
static bool is_answer (const struct nlmsghdr *header, struct bytes body, uint32_t first, int *error) {
  int32_t result;
  if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq - first > batch.number - first || body.left < sizeof result)
    return false;
  memcpy (&result, body.at, sizeof result);
  *error = -result;
  return true;
}

/* The first message that is refused, or the last one, if none is. Earlier transactions may have left more. */
static int hear (uint32_t first) {
  static unsigned char answer[MOST_ANSWER];
  for (;;) {
    ssize_t got = RETRY (recv (nftables, answer, sizeof answer, 0));
    if (got < 0)
      return errno;
    int error;
    struct nlmsghdr header;
    struct bytes all = { answer, (size_t)got }, body;
    while (message_next (&all, &header, &body))
      if (is_answer (&header, body, first, &error))
        return error;
  }
}

static int make (const struct guard_change *change) {
  uint32_t first = batch.number + 1;
  if (!elements_write (&batch, own_table, change))
    return EINVAL;
  if (RETRY (send (nftables, batch.bytes, batch.size, 0)) < 0)
    return errno;
  return hear (first);
}

static int packets = -1;
static uint16_t packet_group; /* 0: no packets are heard of */
static bool is_bound;

/* Until the resolver whose place this one takes has handed over, the group is its guard's. */
static void bind_packets (void) { is_bound = packet_log_bind (packets, packet_group, MOST_PACKET) == 0; }

static int leave_packets (void) {
  int left = is_bound ? packet_log_unbind (packets, packet_group) : 0;
  packet_group = 0;
  return left < 0 ? errno : 0;
}

/* What the resolver has no room for is lost. */
static void hand_on_packet (void) {
  static unsigned char message[MOST_MESSAGE_OF_PACKET];
  struct logged logged;
  ssize_t got = RETRY (recv (packets, message, sizeof message, MSG_DONTWAIT));
  if (got <= 0 || !packet_log_read (&logged, packets, own_table, message, (size_t)got))
    return;
  struct guard_news news = { .kind = NEWS_PACKET, .packet.size = (uint32_t)(logged.size < MOST_PACKET ? logged.size : MOST_PACKET) };
  memcpy (news.packet.interface, logged.interface, sizeof news.packet.interface);
  memcpy (news.packet.bytes, logged.packet, news.packet.size);
  RETRY (send (resolver, &news, sizeof news, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void tell (const struct element *element) {
  const struct guard_news news = { .kind = NEWS_ELEMENT, .element = *element };
  RETRY (send (resolver, &news, sizeof news, MSG_NOSIGNAL));
}

static int answer (const struct guard_change *change) {
  if (change->leaves_packets)
    return leave_packets ();
  return change->addresses ? make (change) : elements_read (nftables, own_table, tell);
}

/* Whether the resolver is still there. */
static bool serve (void) {
  struct guard_change change;
  ssize_t got = RETRY (recv (resolver, &change, sizeof change, 0));
  if (got != sizeof change)
    return false;
  const struct guard_news news = { .id = change.id, .error = answer (&change) };
  return RETRY (send (resolver, &news, sizeof news, MSG_NOSIGNAL)) == sizeof news;
}

/* The whole transaction is one message. */
static int begin (const char *table) {
  const int room = 2 * ELEMENTS_ROOM;
  own_table = table;
  nftables = netlink_open (NETLINK_NETFILTER);
  packets = netlink_open (NETLINK_NETFILTER);
  if (nftables < 0 || packets < 0 || setsockopt (nftables, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
    return -1;
  prctl (PR_SET_NAME, "liker-guard", 0, 0, 0);
  return confine_guard ();
}

void guard_process (int socket, const char *table, uint16_t group) {
  struct pollfd events[] = { { .fd = socket, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
  resolver = socket;
  packet_group = group;
  if (begin (table) < 0)
    _exit (1);
  do {
    if (events[1].revents)
      hand_on_packet ();
    if (packet_group && !is_bound)
      bind_packets ();
    events[1].fd = is_bound ? packets : -1;
    if (RETRY (poll (events, 2, packet_group && !is_bound ? BIND_AGAIN_MS : -1)) < 0)
      break;
  } while (!events[0].revents || serve ());
  _exit (1);
}
