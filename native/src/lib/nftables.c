/* nfnetlink, for the elements of nftables sets, and to hear of it when somebody removes our table. */
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"
#include "netfilter_socket.h"

/* The kernel puts notifications together up to about a page. */
#define NOTICE_SIZE (32u << 10)

int64_t liker_nfnetlink (const void *requests, size_t requests_size, void *answer, size_t size) {
  cleanup_fd int fd = netfilter_take ();
  if (fd < 0)
    return -errno;
  const int room = (int)requests_size + 4096;
  setsockopt (fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  if (RETRY (send (fd, requests, requests_size, 0)) < 0)
    return -errno;
  /* The kernel does all of it within send, so the answers are there. */
  size_t used = 0;
  for (;;) {
    ssize_t got = RETRY (recv (fd, (char *)answer + used, size - used, MSG_TRUNC | MSG_DONTWAIT));
    if (got < 0 && errno != EAGAIN)
      return -errno;
    if (got < 0) {
      netfilter_keep (&fd);
      return (int64_t)used;
    }
    if ((size_t)got > size - used)
      return -EMSGSIZE;
    used += NLMSG_ALIGN ((size_t)got);
  }
}

static bool removes (const struct nlmsghdr *message) {
  switch (message->nlmsg_type) {
  case (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_DELTABLE:
  case (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_DELCHAIN:
  case (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_DELRULE:
    return true;
  default:
    return false;
  }
}

/* Of all three, the first attribute is the name of the table. */
static bool touches (const char *table, const struct nlmsghdr *message) {
  const size_t fixed = NLMSG_LENGTH (sizeof (struct nfgenmsg));
  size_t name = strlen (table) + 1;
  if (!removes (message) || message->nlmsg_len < fixed + NLA_HDRLEN + name)
    return false;
  const struct nfgenmsg *general = NLMSG_DATA (message);
  const char *at = (const char *)message + fixed;
  struct nlattr attribute;
  memcpy (&attribute, at, sizeof attribute);
  return general->nfgen_family == NFPROTO_INET && (attribute.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME &&
         attribute.nla_len == NLA_HDRLEN + name && memcmp (at + NLA_HDRLEN, table, name) == 0;
}

int liker_watch_nftables (void) {
  const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };
  cleanup_fd int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0 || fcntl (fd, F_SETOWN, getpid ()) < 0 || fcntl (fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0 ||
      bind (fd, (const struct sockaddr *)&address, sizeof address) < 0)
    return -errno;
  return steal_fd (&fd);
}

int liker_table_touched (int fd, const char *table) {
  static char notice[NOTICE_SIZE];
  bool touched = false;
  for (;;) {
    ssize_t got = RETRY (recv (fd, notice, sizeof notice, MSG_DONTWAIT));
    if (got < 0 && errno == EAGAIN)
      return touched;
    if (got < 0 && errno != ENOBUFS)
      return -errno;
    touched |= got < 0; /* some were lost */
    unsigned left = got < 0 ? 0 : (unsigned)got;
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)notice;
    for (; NLMSG_OK (message, left); message = NLMSG_NEXT (message, left))
      touched |= touches (table, message);
  }
}
