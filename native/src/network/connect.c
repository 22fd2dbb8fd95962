#include "connect.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/netlink.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "plan/reader.h"

/* The fixed structure behind the header, such as struct ifaddrmsg, has the index of its interface there. */
#define INDEX_AT (NLMSG_HDRLEN + 4)
/* Of a request for one interface, address or route; the largest has about 250 bytes. */
#define REQUEST_MAX 2048
#define RESOLVER_PORT 53
#define RESOLVER_BACKLOG 16
#define RESOLVER_SECONDS 5
#define RESOLVER_MAGIC 0x4c4b4e53u
#define ID_MAX 64

struct connecting {
  struct failure *failure;
  const char *resolver; /* the path of its socket; empty: none */
  struct bytes id;
  int own;          /* network namespaces */
  int theirs;       /* which belongs to the caller */
  int outside;      /* netlink sockets in them */
  int inside;
  int resolvers[2]; /* UDP and TCP */
};

static void close_connecting (struct connecting *connecting) {
  close_fd (&connecting->own);
  close_fd (&connecting->outside);
  close_fd (&connecting->inside);
  close_fd (&connecting->resolvers[0]);
  close_fd (&connecting->resolvers[1]);
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

/* They belong to the namespace in which they are opened, from wherever they are used. */
static int open_sockets (struct connecting *at) {
  at->inside = netlink_open (NETLINK_ROUTE);
  if (at->inside < 0)
    return fail_at (at, "socket", "netlink");
  if (!*at->resolver)
    return 0;
  at->resolvers[0] = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  at->resolvers[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return at->resolvers[0] < 0 || at->resolvers[1] < 0 ? fail_at (at, "socket", "127.0.0.11:53") : 0;
}

/* The thread is back in its own namespace before anything else happens. */
static int look_inside (struct connecting *at, struct cursor *fields) {
  if (sys_setns (at->theirs, CLONE_NEWNET) < 0)
    return fail_at (at, "setns", "network namespace");
  int result = write_sysctls (at, fields) < 0 ? -1 : open_sockets (at);
  return sys_setns (at->own, CLONE_NEWNET) < 0 ? fail_at (at, "setns", "its own network namespace") : result;
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
    memcpy (request + INDEX_AT, &index, sizeof index);
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

static int bind_resolvers (struct connecting *at) {
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons (RESOLVER_PORT),
                                       .sin_addr = { htonl (0x7f00000b) } };
  for (int i = 0; i < 2; i++)
    if (bind (at->resolvers[i], (const struct sockaddr *)&address, sizeof address) < 0)
      return fail_at (at, "bind", "127.0.0.11:53");
  return listen (at->resolvers[1], RESOLVER_BACKLOG) < 0 ? fail_at (at, "listen", "127.0.0.11:53") : 0;
}

union fds_control {
  struct cmsghdr header;
  char space[CMSG_SPACE (2 * sizeof (int))];
};

/* What the resolver reads: the magic, the length of the id, and the id. */
static int send_resolvers (struct connecting *at, int to) {
  uint32_t head[2] = { RESOLVER_MAGIC, at->id.size };
  struct iovec parts[] = { { head, sizeof head }, { (void *)at->id.data, at->id.size } };
  union fds_control control = { .header = { .cmsg_len = CMSG_LEN (sizeof at->resolvers),
                                            .cmsg_level = SOL_SOCKET,
                                            .cmsg_type = SCM_RIGHTS } };
  memcpy (CMSG_DATA (&control.header), at->resolvers, sizeof at->resolvers);
  struct msghdr message = {
    .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control.space
  };
  return RETRY (sendmsg (to, &message, MSG_NOSIGNAL)) < 0 ? fail_at (at, "sendmsg", at->resolver) : 0;
}

/* By the folder's fd, because the path may be longer than sun_path. */
static int open_resolver (struct connecting *at) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const struct timeval patience = { .tv_sec = RESOLVER_SECONDS };
  char folder[PATH_MAX];
  const char *name = strrchr (at->resolver, '/');
  if (!name || strlen (name) >= 64 || strlen (at->resolver) >= sizeof folder)
    return refuse (at, ENAMETOOLONG, "connect", at->resolver, "");
  put_text (folder, at->resolver)[-(ptrdiff_t)strlen (name)] = '\0';
  cleanup_fd int place = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0)
    return fail_at (at, "open", folder);
  put_text (put_number (put_text (address.sun_path, "/proc/self/fd/"), (uint64_t)place), name);
  cleanup_fd int connection = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (connection < 0)
    return fail_at (at, "socket", at->resolver);
  /* Without a limit it would wait longer for a resolver that hangs. */
  setsockopt (connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt (connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect (connection, (struct sockaddr *)&address, sizeof address) < 0)
    return fail_at (at, "connect", at->resolver);
  return steal_fd (&connection);
}

static int hand_over (struct connecting *at) {
  uint8_t answer = 0;
  cleanup_fd int resolver = open_resolver (at);
  if (resolver < 0 || send_resolvers (at, resolver) < 0)
    return -1;
  ssize_t got = RETRY (recv (resolver, &answer, 1, 0));
  if (got < 0)
    return fail_at (at, "recv", at->resolver);
  if (got == 0)
    return refuse (at, EPIPE, "recv", at->resolver, "");
  return answer ? refuse (at, answer, "recv", at->resolver, "the resolver refuses") : 0;
}

static int read_resolver (struct connecting *at, struct cursor *fields) {
  at->resolver = read_text (fields);
  at->id = read_bytes (fields);
  return fields->bad || at->id.size > ID_MAX ? refuse (at, EBADMSG, "read", "plan", "") : 0;
}

static int connect_all (struct connecting *at, struct cursor *fields) {
  at->own = open ("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (at->own < 0)
    return fail_at (at, "open", "/proc/thread-self/ns/net");
  at->outside = netlink_open (NETLINK_ROUTE);
  if (at->outside < 0)
    return fail_at (at, "socket", "netlink");
  if (read_resolver (at, fields) < 0 || look_inside (at, fields) < 0 || carry_out_all (at, fields) < 0)
    return -1;
  if (fields->bad || fields->at != fields->end)
    return refuse (at, EBADMSG, "read", "plan", "");
  if (!*at->resolver)
    return 0;
  return bind_resolvers (at) < 0 ? -1 : hand_over (at);
}

int connect_namespace (int theirs, const void *fields, size_t size, struct failure *failure) {
  __attribute__ ((cleanup (close_connecting))) struct connecting connecting = {
    .failure = failure, .own = -1, .theirs = theirs, .outside = -1, .inside = -1, .resolvers = { -1, -1 }
  };
  struct cursor cursor = { .at = fields, .end = (const uint8_t *)fields + size };
  return connect_all (&connecting, &cursor);
}
