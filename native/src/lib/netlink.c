/*
 * netlink(7) in another network namespace. A netlink socket belongs to the namespace in which it was opened, so a
 * new thread enters the namespace and opens the socket. The caller's threads stay in theirs.
 */
#include "base/netlink.h"
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"
#include "netfilter_socket.h"

struct place {
  int namespace; /* an fd, or LIKER_NEW_NAMESPACE: one that ends with the socket */
  int family;
  int socket; /* or -errno */
};

static void *open_there (void *argument) {
  struct place *place = argument;
  int entered = place->namespace < 0 ? sys_unshare (CLONE_NEWNET) : sys_setns (place->namespace, CLONE_NEWNET);
  place->socket = entered < 0 ? -1 : netlink_open (place->family);
  if (place->socket < 0)
    place->socket = -errno;
  return NULL;
}

static int open_socket (int namespace, int family) {
  struct place place = { .namespace = namespace, .family = family };
  pthread_t thread;
  if (namespace == LIKER_OWN_NAMESPACE) {
    int own = family == NETLINK_NETFILTER ? netfilter_take () : netlink_open (family);
    return own < 0 ? -errno : own;
  }
  int error = pthread_create (&thread, NULL, open_there, &place);
  if (error)
    return -error;
  pthread_join (thread, NULL);
  return place.socket;
}

int64_t liker_netlink (int namespace, int family, const void *requests, size_t requests_size, void *answer, size_t size) {
  cleanup_fd int socket = open_socket (namespace, family);
  if (socket < 0)
    return socket;
  size_t used = 0;
  const char *at = requests, *end = at + requests_size;
  while (end - at >= (ssize_t)sizeof (struct nlmsghdr)) {
    struct nlmsghdr header;
    memcpy (&header, at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > (size_t)(end - at))
      return -EBADMSG;
    int accepted = netlink_ask (socket, at, header.nlmsg_len, answer, size, &used);
    if (accepted < 0)
      return accepted;
    if (accepted == 0)
      break;
    at += NLMSG_ALIGN (header.nlmsg_len);
  }
  if (namespace == LIKER_OWN_NAMESPACE && family == NETLINK_NETFILTER)
    netfilter_keep (&socket);
  return (int64_t)used;
}
