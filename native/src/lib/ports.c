/*
 * Holds a port of the host, so that nobody else gets it. What comes to it is sent on by the firewall before a socket sees it, so
 * the socket answers nothing.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "include/liker.h"

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static socklen_t read_address (const char *text, uint16_t port, union address *address) {
  memset (address, 0, sizeof *address);
  if (inet_pton (AF_INET, text, &address->v4.sin_addr) == 1) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons (port);
    return sizeof address->v4;
  }
  if (inet_pton (AF_INET6, text, &address->v6.sin6_addr) == 1) {
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons (port);
    return sizeof address->v6;
  }
  return 0;
}

static int set (int fd, int level, int option, int value) { return setsockopt (fd, level, option, &value, sizeof value); }

/*
 * With SO_REUSEADDR a port can be had whose last server has just ended (TIME_WAIT), but another socket with it can have the port, too, as long
 * as nobody listens. So this one listens for a moment, without which the kernel would keep the port as one to be shared.
 */
static int bind_known_tcp (int fd, const union address *address, socklen_t size) {
  if (set (fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 || bind (fd, &address->any, size) < 0 || listen (fd, 0) < 0 ||
      shutdown (fd, SHUT_RD) < 0)
    return -1;
  return set (fd, SOL_SOCKET, SO_REUSEADDR, 0);
}

/* What the firewall does not send on, such as before its rules are there, would fill the socket's memory. */
static int drop_all (int fd) {
  struct sock_filter drop = BPF_STMT (BPF_RET | BPF_K, 0);
  struct sock_fprog program = { .len = 1, .filter = &drop };
  return setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int bind_at (int fd, int protocol, const union address *address, socklen_t size, uint16_t port) {
  if (address->any.sa_family == AF_INET6 && set (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0)
    return -1;
  if (protocol == IPPROTO_UDP && drop_all (fd) < 0)
    return -1;
  if (protocol == IPPROTO_TCP && port)
    return bind_known_tcp (fd, address, size);
  return bind (fd, &address->any, size);
}

int liker_bind_port (int protocol, const char *text, uint16_t port, uint16_t *bound) {
  union address address;
  socklen_t size = read_address (text, port, &address);
  if (!size)
    return -EINVAL;
  int type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
  cleanup_fd int fd = socket (address.any.sa_family, type | SOCK_CLOEXEC, protocol);
  if (fd < 0 || bind_at (fd, protocol, &address, size, port) < 0 || getsockname (fd, &address.any, &size) < 0)
    return -errno;
  *bound = ntohs (address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
  return steal_fd (&fd);
}

int liker_share_port (int fd) { return set (fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ? -errno : 0; }
