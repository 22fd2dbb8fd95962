#include "connection.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "ask.h"
#include "base/syscalls.h"
#include "query.h"

#define LENGTH_BYTES 2
/* Of one container, at a time. */
#define MOST_CONNECTIONS 64
/* Of one connection, that are not answered yet. */
#define MOST_PENDING 32
/* What the asker has not read. Its next question waits. */
#define MOST_UNREAD (1u << 17)
#define SILENCE_MS 10000
#define ACCEPT_AGAIN_MS 200

struct connection {
  struct list of_container;
  struct container *container;
  struct watch watch;
  struct timer silence;
  struct list queries;
  bool is_asking; /* questions are being taken from what was read */
  bool has_ended; /* the asker sends nothing more */
  bool is_broken;
  unsigned char *out;
  size_t out_size, out_sent;
  size_t read;
  unsigned char in[LENGTH_BYTES + MOST_ASKED];
};

static void connection_close (struct connection *connection) {
  queries_forget_connection (&connection->queries);
  timer_stop (&connection->silence);
  watch_close (&connection->watch);
  list_remove (&connection->of_container);
  connection->container->connection_count--;
  free (connection->out);
  free (connection);
}

void connections_close (struct container *container) {
  for (struct list *item = container->connections.next, *next; item != &container->connections; item = next) {
    next = item->next;
    connection_close (ITEM (item, struct connection, of_container));
  }
}

static size_t unread (const struct connection *connection) { return connection->out_size - connection->out_sent; }

static bool is_full (const struct connection *connection) {
  unsigned pending = 0;
  for (const struct list *item = connection->queries.next; item != &connection->queries && pending < MOST_PENDING; item = item->next)
    pending++;
  return pending == MOST_PENDING || unread (connection) > MOST_UNREAD;
}

static void flush (struct connection *connection) {
  while (unread (connection) > 0) {
    ssize_t sent = RETRY (send (connection->watch.fd, connection->out + connection->out_sent, unread (connection), MSG_DONTWAIT | MSG_NOSIGNAL));
    if (sent < 0) {
      connection->is_broken |= errno != EAGAIN;
      return;
    }
    connection->out_sent += (size_t)sent;
  }
  free (connection->out);
  connection->out = NULL;
  connection->out_size = connection->out_sent = 0;
}

static void append (struct connection *connection, const unsigned char *message, size_t size) {
  unsigned char *out = realloc (connection->out, connection->out_size + LENGTH_BYTES + size);
  if (!out) {
    connection->is_broken = true;
    return;
  }
  put_16 (out + connection->out_size, (unsigned)size);
  memcpy (out + connection->out_size + LENGTH_BYTES, message, size);
  connection->out = out;
  connection->out_size += LENGTH_BYTES + size;
}

static bool has_question (const struct connection *connection) {
  return connection->read >= LENGTH_BYTES && connection->read - LENGTH_BYTES >= get_16 (connection->in);
}

static void advance (struct connection *connection);

static void send_answer (const struct asker *asker, const unsigned char *message, size_t size) {
  struct connection *connection = asker->connection;
  append (connection, message, size);
  if (!connection->is_asking)
    advance (connection);
}

static void take_questions (struct connection *connection) {
  const struct asker asker = {
    .container = connection->container, .answer = send_answer, .connection = connection, .queries = &connection->queries
  };
  connection->is_asking = true;
  while (!connection->is_broken && has_question (connection) && !is_full (connection)) {
    size_t size = get_16 (connection->in), whole = LENGTH_BYTES + size;
    ask (&asker, connection->in + LENGTH_BYTES, size);
    connection->read -= whole;
    memmove (connection->in, connection->in + whole, connection->read);
  }
  connection->is_asking = false;
  /* What cannot become a question. */
  if (connection->read >= LENGTH_BYTES && get_16 (connection->in) > MOST_ASKED)
    connection->is_broken = true;
}

static void silent (struct timer *timer) {
  struct connection *connection = ITEM (timer, struct connection, silence);
  if (list_is_empty (&connection->queries))
    connection_close (connection);
  else
    timer_set (timer, SILENCE_MS, silent);
}

/* Takes questions and sends answers as far as possible. It may close the connection. */
static void advance (struct connection *connection) {
  struct container *container = connection->container;
  flush (connection);
  take_questions (connection);
  flush (connection);
  bool is_over = connection->has_ended && !has_question (connection) && list_is_empty (&connection->queries) && unread (connection) == 0;
  if (connection->is_broken || is_over) {
    connection_close (connection);
    return;
  }
  list_remove (&connection->of_container);
  list_append (&container->connections, &connection->of_container);
  timer_set (&connection->silence, SILENCE_MS, silent);
  bool reads = !connection->has_ended && !has_question (connection);
  watch_change (&connection->watch, (reads ? EPOLLIN : 0) | (unread (connection) > 0 ? EPOLLOUT : 0));
}

static void connection_ready (struct watch *watch, uint32_t events) {
  struct connection *connection = ITEM (watch, struct connection, watch);
  if (events & (EPOLLERR | EPOLLHUP))
    connection->is_broken = true;
  if (events & EPOLLIN && !connection->is_broken) {
    ssize_t got = RETRY (recv (watch->fd, connection->in + connection->read, sizeof connection->in - connection->read, MSG_DONTWAIT));
    if (got > 0)
      connection->read += (size_t)got;
    else if (got == 0)
      connection->has_ended = true;
    else
      connection->is_broken |= errno != EAGAIN;
  }
  advance (connection);
}

static void connection_open (struct container *container, int fd) {
  struct connection *connection = calloc (1, sizeof *connection);
  if (!connection || watch_open (&connection->watch, fd, EPOLLIN, connection_ready) < 0) {
    close (fd);
    free (connection);
    return;
  }
  connection->container = container;
  list_init (&connection->queries);
  list_append (&container->connections, &connection->of_container);
  container->connection_count++;
  timer_set (&connection->silence, SILENCE_MS, silent);
}

static void accept_again (struct timer *timer) { watch_change (&ITEM (timer, struct container, accept_again)->tcp, EPOLLIN); }

static void connections_ready (struct watch *watch, uint32_t events) {
  (void)events;
  struct container *container = ITEM (watch, struct container, tcp);
  int fd = RETRY (accept4 (watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED) {
    /* Without fds, the one that waits would be an event for ever. */
    query_evict ();
    watch_change (watch, 0);
    timer_set (&container->accept_again, ACCEPT_AGAIN_MS, accept_again);
  }
  if (fd < 0)
    return;
  if (container->connection_count >= MOST_CONNECTIONS)
    connection_close (ITEM (container->connections.next, struct connection, of_container));
  connection_open (container, fd);
}

int connections_begin (struct container *container, int fd) {
  return watch_open (&container->tcp, fd, container->is_shown ? EPOLLIN : 0, connections_ready);
}
