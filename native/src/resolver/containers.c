#include "containers.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "connection.h"
#include "datagrams.h"
#include "denials.h"
#include "grants.h"
#include "query.h"
#include "servers.h"
#include "zones.h"

static struct table containers;
static uint64_t generation;
static unsigned with_sockets;

struct container *container_find (const char *id) {
  for (struct table_entry *entry = table_first (&containers, table_hash (table_seed (), id, ID_SIZE)); entry; entry = table_next (entry))
    if (!memcmp (ITEM (entry, struct container, entry)->id, id, ID_SIZE))
      return ITEM (entry, struct container, entry);
  return NULL;
}

struct container *container_get (const char *id) {
  struct container *container = container_find (id);
  if (!container) {
    container = calloc (1, sizeof *container);
    if (!container)
      return NULL;
    memcpy (container->id, id, ID_SIZE);
    container->udp = container->tcp = container->process = NO_WATCH;
    list_init (&container->members);
    list_init (&container->queries);
    list_init (&container->connections);
    list_init (&container->grants);
    list_init (&container->denials);
    table_add (&containers, &container->entry, table_hash (table_seed (), id, ID_SIZE));
  }
  container->generation = generation;
  return container;
}

bool containers_are_none (void) { return containers.count == 0; }
bool containers_are_silent (void) { return with_sockets == 0; }

static void (*visitor) (struct container *container);
static void visit (struct table_entry *entry) { visitor (ITEM (entry, struct container, entry)); }
void containers_each (void (*visit_one) (struct container *container)) {
  visitor = visit_one;
  table_each (&containers, visit);
}

static void close_sockets (struct container *container) {
  queries_forget (container);
  connections_close (container);
  timer_stop (&container->accept_again);
  with_sockets -= container->udp.fd >= 0;
  watch_close (&container->udp);
  watch_close (&container->tcp);
  watch_close (&container->process);
}

static void forget_view (struct container *container) {
  for (unsigned i = 0; i < container->zones; i++)
    zone_release (container->zone[i]);
  free (container->zone);
  servers_release (container->servers);
  container->zone = NULL;
  container->zones = 0;
  container->servers = NULL;
}

void container_remove (struct container *container) {
  /* Its interfaces' names may be those of another one next. */
  if (container->policy)
    grants_change_policy (container, NULL);
  denials_end (container);
  close_sockets (container);
  forget_view (container);
  members_leave (container, UINT64_MAX);
  table_remove (&containers, &container->entry);
  free (container);
}

static void process_ended (struct watch *watch, uint32_t events) {
  (void)events;
  container_remove (ITEM (watch, struct container, process));
}

static int option_of (int fd, int option) {
  int value;
  socklen_t size = sizeof value;
  return getsockopt (fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

static bool is_socket (int fd, int type) {
  return option_of (fd, SO_DOMAIN) == AF_INET && option_of (fd, SO_TYPE) == type && fcntl (fd, F_GETFL) & O_NONBLOCK;
}

int container_open (const char *id, const int *fds, unsigned count) {
  if (count < SOCKET_PROCESS || count > MOST_SOCKETS || !is_socket (fds[SOCKET_UDP], SOCK_DGRAM) || !is_socket (fds[SOCKET_TCP], SOCK_STREAM) ||
      option_of (fds[SOCKET_TCP], SO_ACCEPTCONN) != 1)
    return failed (EINVAL);
  struct container *container = container_get (id);
  if (!container)
    return failed (ENOMEM);
  close_sockets (container);
  /* An fd that is watched is the container's. */
  if ((count == MOST_SOCKETS && watch_open (&container->process, fds[SOCKET_PROCESS], EPOLLIN, process_ended) < 0) ||
      datagrams_begin (container, fds[SOCKET_UDP]) < 0 || connections_begin (container, fds[SOCKET_TCP]) < 0) {
    int error = errno;
    watch_stop (&container->process);
    watch_stop (&container->udp);
    container->process = container->udp = container->tcp = NO_WATCH;
    return failed (error);
  }
  with_sockets++;
  return 0;
}

#ifndef __clang__
#pragma GCC diagnostic push
/* GCC loses sight of what is stored in a container that comes from a table. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
/* Without memory it sees nothing. */
static int take_view (struct container *container, const struct request *request) {
  forget_view (container);
  container->zone = calloc (request->networks + 1, sizeof (struct zone *));
  container->servers = request->has_own_servers ? servers_make (request) : NULL;
  if (!container->zone || (request->has_own_servers && !container->servers))
    return -1;
  for (unsigned i = 0; i < request->networks; i++) {
    struct zone *zone = zone_take (request->networks_at + (size_t)i * ID_SIZE);
    if (!zone)
      return -1;
    container->zone[container->zones++] = zone;
  }
  return 0;
}

int container_show (const struct request *request) {
  struct container *container = container_get (request->container);
  if (!container || take_view (container, request) < 0)
    return failed (ENOMEM);
  container->is_shown = true;
  watch_change (&container->udp, EPOLLIN);
  watch_change (&container->tcp, EPOLLIN);
  return container->udp.fd < 0 ? failed (ENOTCONN) : 0;
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

void containers_begin (void) { generation++; }

static void end_one (struct container *container) {
  if (container->generation < generation)
    container_remove (container);
  else
    members_leave (container, generation);
}

void containers_end (void) { containers_each (end_one); }

void container_stop (struct container *container) {
  timer_stop (&container->accept_again);
  watch_stop (&container->udp);
  watch_stop (&container->tcp);
  watch_close (&container->process);
}
