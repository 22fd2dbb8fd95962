/* nfnetlink, for the elements of nftables sets, and to hear of it when somebody removes our table. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define STACK_SIZE (64u << 10)
/* The kernel puts notifications together up to about a page. */
#define NOTICE_SIZE (32u << 10)

static int open_netfilter (void) {
  return socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
}

int64_t liker_nfnetlink (const void *requests, size_t requests_size, void *answer, size_t size) {
  cleanup_fd int fd = open_netfilter ();
  if (fd < 0)
    return -errno;
  const int on = 1, room = (int)requests_size + 4096;
  setsockopt (fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt (fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  if (RETRY (send (fd, requests, requests_size, 0)) < 0)
    return -errno;
  /* The kernel does all of it within send, so the answers are there. */
  size_t used = 0;
  for (;;) {
    ssize_t got = RETRY (recv (fd, (char *)answer + used, size - used, MSG_TRUNC));
    if (got < 0)
      return errno == EAGAIN ? (int64_t)used : -errno;
    if ((size_t)got > size - used)
      return -EMSGSIZE;
    used += NLMSG_ALIGN ((size_t)got);
  }
}

struct watch {
  int netlink, report;
  char table[NFT_NAME_MAXLEN];
  char notice[NOTICE_SIZE];
};

static void end_watch (struct watch *watch) {
  close (watch->netlink);
  close (watch->report);
  free (watch);
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
static bool touches (const struct watch *watch, const struct nlmsghdr *message) {
  const size_t fixed = NLMSG_LENGTH (sizeof (struct nfgenmsg));
  size_t name = strlen (watch->table) + 1;
  if (!removes (message) || message->nlmsg_len < fixed + NLA_HDRLEN + name)
    return false;
  const struct nfgenmsg *general = NLMSG_DATA (message);
  const char *at = (const char *)message + fixed;
  struct nlattr attribute;
  memcpy (&attribute, at, sizeof attribute);
  return general->nfgen_family == NFPROTO_INET && (attribute.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME &&
         attribute.nla_len == NLA_HDRLEN + name && memcmp (at + NLA_HDRLEN, watch->table, name) == 0;
}

/* Reads one notice. True if it is about the table, or notices were lost. */
static bool hears (struct watch *watch) {
  ssize_t got = recv (watch->netlink, watch->notice, sizeof watch->notice, 0);
  if (got < 0)
    return errno == ENOBUFS;
  unsigned left = (unsigned)got;
  const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)watch->notice;
  for (; NLMSG_OK (message, left); message = NLMSG_NEXT (message, left))
    if (touches (watch, message))
      return true;
  return false;
}

/* Ends when the other end of `report` is closed. */
static void *watch_table (void *argument) {
  struct watch *watch = argument;
  struct pollfd both[] = { { .fd = watch->netlink, .events = POLLIN }, { .fd = watch->report } };
  for (;;) {
    if (poll (both, 2, -1) < 0 && errno != EINTR)
      break;
    if (both[1].revents)
      break;
    if (both[0].revents && hears (watch) &&
        send (watch->report, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
      break;
  }
  end_watch (watch);
  return NULL;
}

/* No signal of the process may be handled by it. Returns 0 or an errno. */
static int start_thread (struct watch *watch) {
  sigset_t all, before;
  pthread_attr_t attributes;
  pthread_t thread;
  sigfillset (&all);
  pthread_attr_init (&attributes);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize (&attributes, STACK_SIZE);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  int error = pthread_create (&thread, &attributes, watch_table, watch);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  pthread_attr_destroy (&attributes);
  return error;
}

int liker_watch_table (const char *table) {
  const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };
  int pair[2];
  if (strlen (table) >= NFT_NAME_MAXLEN)
    return -ENAMETOOLONG;
  cleanup_fd int netlink = open_netfilter ();
  if (netlink < 0 || bind (netlink, (const struct sockaddr *)&address, sizeof address) < 0 ||
      socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
    return -errno;
  cleanup_fd int ours = pair[0];
  cleanup_fd int theirs = pair[1];
  struct watch *watch = malloc (sizeof *watch);
  if (!watch)
    return -errno;
  watch->netlink = netlink;
  watch->report = theirs;
  strcpy (watch->table, table);
  int error = start_thread (watch);
  if (error) {
    free (watch);
    return -error;
  }
  steal_fd (&netlink);
  steal_fd (&theirs);
  return steal_fd (&ours);
}
