/*
 * rtnetlink(7) in another network namespace. A netlink socket belongs to the namespace in which it was opened, so a
 * new thread enters the namespace and opens the socket. The caller's threads stay in theirs.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* The kernel answers at once, except that all network changes wait for one lock. */
#define ANSWER_SECONDS 5

struct place {
  int namespace; /* -1: a new one, which ends with the socket */
  int socket;    /* or -errno */
};

static void *open_there (void *argument) {
  struct place *place = argument;
  int entered = place->namespace < 0 ? sys_unshare (CLONE_NEWNET) : sys_setns (place->namespace, CLONE_NEWNET);
  place->socket = entered < 0 ? -1 : socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (place->socket < 0)
    place->socket = -errno;
  return NULL;
}

static int open_socket (int namespace) {
  struct place place = { .namespace = namespace };
  pthread_t thread;
  int error = pthread_create (&thread, NULL, open_there, &place);
  if (error)
    return -error;
  pthread_join (thread, NULL);
  return place.socket;
}

/* Receives the whole answer to one request. Returns 1 if the kernel has accepted it, 0 if it has refused it, or -errno. */
static int take_answer (int socket, uint32_t sequence, char *answer, size_t size, size_t *used) {
  for (;;) {
    ssize_t got = RETRY (recv (socket, answer + *used, size - *used, MSG_TRUNC));
    if (got < 0)
      return -errno;
    if ((size_t)got > size - *used)
      return -EMSGSIZE;
    unsigned left = (unsigned)got;
    const struct nlmsghdr *message = (const struct nlmsghdr *)(answer + *used);
    *used += NLMSG_ALIGN ((size_t)got);
    for (; NLMSG_OK (message, left); message = NLMSG_NEXT (message, left)) {
      if (message->nlmsg_seq != sequence)
        continue;
      if (message->nlmsg_type == NLMSG_DONE)
        return 1;
      if (message->nlmsg_type == NLMSG_ERROR)
        return ((const struct nlmsgerr *)NLMSG_DATA (message))->error == 0;
    }
  }
}

int64_t liker_netlink (int namespace, const void *requests, size_t requests_size, void *answer, size_t size) {
  cleanup_fd int socket = open_socket (namespace);
  if (socket < 0)
    return socket;
  const int on = 1;
  const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
  setsockopt (socket, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt (socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  size_t used = 0;
  const char *at = requests, *end = at + requests_size;
  while (end - at >= (ssize_t)sizeof (struct nlmsghdr)) {
    struct nlmsghdr header;
    memcpy (&header, at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > (size_t)(end - at))
      return -EBADMSG;
    if (RETRY (send (socket, at, header.nlmsg_len, 0)) < 0)
      return -errno;
    int accepted = take_answer (socket, header.nlmsg_seq, answer, size, &used);
    if (accepted <= 0)
      return accepted < 0 ? accepted : (int64_t)used;
    at += NLMSG_ALIGN (header.nlmsg_len);
  }
  return (int64_t)used;
}
