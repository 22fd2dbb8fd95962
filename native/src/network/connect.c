#include "connect.h"
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/netlink.h"
#include "base/resolver_sockets.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "plan/reader.h"

/* The fixed structure behind the header, such as struct ifaddrmsg, has the index of its interface there. Of a route it is the last attribute. */
#define INDEX_AT (NLMSG_HDRLEN + 4)
/* Of a request for one interface, address or route; the largest has about 250 bytes. */
#define REQUEST_MAX 2048

enum { UDP, TCP, PROCESS };

struct connecting {
  struct failure *failure;
  const char *resolver; /* the path of its socket; empty: none */
  const char *id;       /* of the container, for it */
  int own;          /* network namespaces */
  int theirs;       /* which belongs to the caller */
  int outside;      /* netlink sockets in them */
  int inside;
  int resolvers[PROCESS + 1]; /* UDP, TCP; the pidfd belongs to the caller */
};

static void close_connecting (struct connecting *connecting) {
  close_fd (&connecting->own);
  close_fd (&connecting->outside);
  close_fd (&connecting->inside);
  close_fd (&connecting->resolvers[UDP]);
  close_fd (&connecting->resolvers[TCP]);
}

static void put_part (char *object, size_t size, const char *part) {
  size_t used = strlen (object);
  strncpy (object + used, part, size - used - 1);
}

/* `more`: the kernel's words. Returns -1. */
static int refuse (struct connecting *at, int error, const char *call, const char *object, const char *more) {
  struct failure *failure = at->failure;
  *failure = (struct failure){ .step = NO_STEP, .error = error, .name = "connect" };
  put_part (failure->call, sizeof failure->call, call);
  put_part (failure->object, sizeof failure->object, object);
  if (*more) {
    put_part (failure->object, sizeof failure->object, ": ");
    put_part (failure->object, sizeof failure->object, more);
  }
  return -1;
}

static int fail_at (struct connecting *at, const char *call, const char *object) {
  return refuse (at, errno, call, object, "");
}

/* /proc/sys/net shows the namespace of whoever looks. */
static int write_sysctl (struct connecting *at, const char *path, const struct bytes *value) {
  cleanup_fd int folder = open ("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
  cleanup_fd int file = folder < 0 ? -1 : beneath_open (folder, path, O_WRONLY);
  if (file < 0)
    return fail_at (at, "open", path);
  return RETRY (write (file, value->data, value->size)) < 0 ? fail_at (at, "write", path) : 0;
}

static int write_sysctls (struct connecting *at, struct cursor *fields) {
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--) {
    const char *path = read_text (fields);
    const struct bytes value = read_bytes (fields);
    if (!fields->bad && write_sysctl (at, path, &value) < 0)
      return -1;
  }
  return 0;
}

/* The ioctls of netdevice(7) are for the namespace of the socket. */
static int index_of (int socket, const char *link, int *index) {
  struct ifreq request = { 0 };
  if (strlen (link) >= IFNAMSIZ)
    return failed (ENODEV);
  put_text (request.ifr_name, link);
  if (ioctl (socket, SIOCGIFINDEX, &request) < 0)
    return -1;
  *index = request.ifr_ifindex;
  return 0;
}

/* A request of the plan: its bytes, with what only the kernel could tell. */
static int carry_out (struct connecting *at, struct cursor *fields) {
  char request[REQUEST_MAX];
  struct netlink_refusal refusal;
  const char *words = read_text (fields);
  int socket = read_u32 (fields) ? at->inside : at->outside;
  const char *link = read_text (fields);
  bool into_namespace = read_u32 (fields);
  const struct bytes bytes = read_bytes (fields);
  struct nlmsghdr header;
  int index = 0;
  if (fields->bad || bytes.size > sizeof request || bytes.size < INDEX_AT + sizeof index)
    return refuse (at, EBADMSG, "read", "plan", "");
  memcpy (request, bytes.data, bytes.size);
  memcpy (&header, request, sizeof header);
  if (header.nlmsg_len != bytes.size)
    return refuse (at, EBADMSG, "read", "plan", "");
  if (*link && index_of (socket, link, &index) < 0)
    return fail_at (at, "ioctl(SIOCGIFINDEX)", link);
  if (*link)
    memcpy (request + (header.nlmsg_type == RTM_NEWROUTE ? bytes.size - sizeof index : INDEX_AT), &index, sizeof index);
  if (into_namespace)
    memcpy (request + bytes.size - sizeof at->theirs, &at->theirs, sizeof at->theirs);
  if (netlink_do (socket, request, bytes.size, &refusal) == 0)
    return 0;
  return refuse (at, refusal.error, "netlink", words, refusal.words);
}

static int carry_out_all (struct connecting *at, struct cursor *fields) {
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--)
    if (carry_out (at, fields) < 0)
      return -1;
  return 0;
}

static int read_resolver (struct connecting *at, struct cursor *fields) {
  at->resolver = read_text (fields);
  at->id = read_text (fields);
  return fields->bad ? refuse (at, EBADMSG, "read", "plan", "") : 0;
}

static int connect_inside (struct connecting *at, struct cursor *fields) {
  at->inside = netlink_open (NETLINK_ROUTE);
  if (at->inside < 0)
    return fail_at (at, "socket", "netlink");
  if (write_sysctls (at, fields) < 0 || carry_out_all (at, fields) < 0)
    return -1;
  if (fields->bad || fields->at != fields->end)
    return refuse (at, EBADMSG, "read", "plan", "");
  if (!*at->resolver)
    return 0;
  return resolver_sockets_open (at->resolvers) < 0 ? fail_at (at, "bind", "127.0.0.11:53") : 0;
}

static int connect_all (struct connecting *at, struct cursor *fields) {
  at->own = open ("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (at->own < 0)
    return fail_at (at, "open", "/proc/thread-self/ns/net");
  at->outside = netlink_open (NETLINK_ROUTE);
  if (at->outside < 0)
    return fail_at (at, "socket", "netlink");
  if (read_resolver (at, fields) < 0)
    return -1;
  if (sys_setns (at->theirs, CLONE_NEWNET) < 0)
    return fail_at (at, "setns", "network namespace");
  int result = connect_inside (at, fields);
  if (sys_setns (at->own, CLONE_NEWNET) < 0)
    return fail_at (at, "setns", "its own network namespace");
  if (result < 0 || !*at->resolver)
    return result;
  unsigned count = at->resolvers[PROCESS] < 0 ? PROCESS : PROCESS + 1;
  return resolver_hand_over (at->resolver, at->id, at->resolvers, count) < 0 ? fail_at (at, "connect", at->resolver) : 0;
}

int connect_namespace (int theirs, int process, const void *fields, size_t size, struct failure *failure) {
  __attribute__ ((cleanup (close_connecting))) struct connecting connecting = {
    .failure = failure, .own = -1, .theirs = theirs, .outside = -1, .inside = -1, .resolvers = { -1, -1, process }
  };
  struct cursor cursor = { .at = fields, .end = (const uint8_t *)fields + size };
  return connect_all (&connecting, &cursor);
}
