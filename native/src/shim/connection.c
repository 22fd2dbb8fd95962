#include "connection.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"

#define ACCEPT_RETRY_MS 100

struct connection *connection_open (struct shim *shim, int fd) {
  struct connection *connection = calloc (1, sizeof *connection);
  if (!connection || source_open (&connection->source, shim->epoll, fd) < 0) {
    free (connection);
    return NULL;
  }
  connection->progress_at = now_ms ();
  connection->passed = -1;
  return connection;
}

static void close_connection (struct shim *shim, struct connection *connection) {
  source_close (&connection->source, shim->epoll);
  close_fd (&connection->passed);
  outbox_free (&connection->out);
  free (connection->data.copy);
  free (connection->in);
  free (connection);
}

static bool sweep (struct shim *shim, struct connection **slot) {
  if (!*slot || !(*slot)->doomed)
    return false;
  close_connection (shim, *slot);
  *slot = NULL;
  return true;
}

struct connection *find_client (const struct shim *shim, const struct process *process, uint64_t session) {
  struct connection *client = shim->clients;
  while (client && (client->process != process || client->session != session || client->doomed))
    client = client->next;
  return client;
}

void clients_close (struct shim *shim, const struct process *process) {
  for (struct connection **link = &shim->clients; *link;) {
    struct connection *client = *link;
    if (client->process != process && !client->doomed) {
      link = &client->next;
      continue;
    }
    *link = client->next;
    close_connection (shim, client);
  }
}

void connections_sweep (struct shim *shim) {
  if (sweep (shim, &shim->daemon))
    shim->lost_at = now_ms ();
  for (int i = 0; i < MAX_WAITING; i++)
    sweep (shim, &shim->waiting[i]);
  clients_close (shim, NULL);
}

/* MAX_WAITING if all are taken. */
static int free_slot (const struct shim *shim) {
  int slot = 0;
  while (slot < MAX_WAITING && shim->waiting[slot])
    slot++;
  return slot;
}

/* The socket's mode already keeps others out. This is a second check. */
static bool is_owner (int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid ();
}

/* A client that waits while the shim is out of fds or memory causes no further event, so accept is tried again later. */
static void accept_failed (struct shim *shim) {
  if (errno == EINTR || errno == ECONNABORTED)
    return;
  shim->listener.readable = false;
  shim->accept_at = errno == EAGAIN ? 0 : now_ms () + ACCEPT_RETRY_MS;
}

void connections_accept (struct shim *shim) {
  if (shim->accept_at && now_ms () >= shim->accept_at)
    shim->listener.readable = true;
  while (shim->listener.readable) {
    int fd = accept4 (shim->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      accept_failed (shim);
      continue;
    }
    int slot = free_slot (shim);
    struct connection *connection = slot < MAX_WAITING && is_owner (fd) ? connection_open (shim, fd) : NULL;
    if (connection)
      shim->waiting[slot] = connection;
    else
      close (fd);
  }
}

void connection_take_over (struct shim *shim, struct connection *connection) {
  if (shim->daemon == connection)
    return;
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i] == connection)
      shim->waiting[i] = shim->daemon; /* the older one is closed by the next sweep */
  if (shim->daemon)
    shim->daemon->doomed = true;
  shim->daemon = connection;
  shim->lost_at = 0;
  connection->progress_at = now_ms ();
  for (struct process *process = shim->processes; process; process = process->next) {
    for (int i = 0; i < 2; i++)
      process->out[i].sent = process->out[i].produced;
    process->exit_sent = process->phase == ENDED; /* STATE has the exit, too */
    process->unheard = process->others = false;
  }
}
