/*
 * Connections. What goes out is, in this order: the rest of a DATA frame that has begun, the frames in the
 * outbox, then new DATA, whose bytes go from the ring to the socket without a copy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "include/protocol.h"
#include "shim.h"

#define FIRST_CAPACITY (4u << 10)
#define KEPT_CAPACITY (256u << 10)
#define RECEIVE_TURN (512u << 10)
#define SEND_TURN (1u << 20)
#define OUTBOX_MAX (64u << 20)
#define OUTBOX_HELD (4u << 20)
#define ACCEPT_RETRY_MS 100

struct connection *connection_open (struct shim *shim, int fd) {
  struct connection *connection = calloc (1, sizeof *connection);
  if (!connection || source_open (&connection->source, shim->epoll, fd) < 0) {
    free (connection);
    return NULL;
  }
  connection->progress_at = now_ms ();
  return connection;
}

static void free_connection (struct shim *shim, struct connection *connection) {
  source_close (&connection->source, shim->epoll);
  outbox_free (&connection->out);
  free (connection->in);
  free (connection);
}

void connections_sweep (struct shim *shim) {
  if (shim->daemon && shim->daemon->doomed) {
    free_connection (shim, shim->daemon);
    shim->daemon = NULL;
    shim->lost_at = now_ms ();
  }
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i] && shim->waiting[i]->doomed) {
      free_connection (shim, shim->waiting[i]);
      shim->waiting[i] = NULL;
    }
}

static struct connection **free_slot (struct shim *shim) {
  for (int i = 0; i < MAX_WAITING; i++)
    if (!shim->waiting[i])
      return &shim->waiting[i];
  return NULL;
}

/* The socket's mode lets in only the owner; SO_PEERCRED says it again. */
static bool is_owner (int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid ();
}

/* Whoever waits while there is no file or memory left makes no further event: it is looked for again. */
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
    struct connection **slot = free_slot (shim);
    if (slot && is_owner (fd))
      *slot = connection_open (shim, fd);
    if (!slot || !*slot)
      close (fd);
  }
}

/* The newest to say HELLO is the daemon. Its DATA begins at what was produced by now. */
void connection_take_over (struct shim *shim, struct connection *connection) {
  if (shim->daemon == connection)
    return;
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i] == connection)
      shim->waiting[i] = shim->daemon; /* the older one leaves at the next sweep */
  if (shim->daemon)
    shim->daemon->doomed = true;
  shim->daemon = connection;
  shim->lost_at = 0;
  connection->progress_at = now_ms ();
  for (struct process *process = shim->processes; process; process = process->next) {
    for (int i = 0; i < 2; i++)
      process->out[i].sent = process->out[i].produced;
    process->exit_sent = process->phase == ENDED; /* STATE tells it */
  }
}

static bool grow (struct connection *connection, size_t needed) {
  if (connection->in_capacity >= needed)
    return true;
  size_t capacity = connection->in_capacity ? connection->in_capacity : FIRST_CAPACITY;
  while (capacity < needed)
    capacity *= 2;
  uint8_t *data = realloc (connection->in, capacity);
  if (!data)
    return false;
  connection->in = data;
  connection->in_capacity = capacity;
  return true;
}

/* The size of the frame at `at`: 0 when its length is not there yet, -1 when it is malformed. */
static ssize_t frame_size (const struct connection *connection, size_t at) {
  uint32_t length;
  if (connection->in_length - at < sizeof length)
    return 0;
  memcpy (&length, connection->in + at, sizeof length);
  if (length < SHIM_FRAME_HEADER - sizeof length || length > MAX_FRAME_BYTES)
    return -1;
  return (ssize_t)(length + sizeof length);
}

/* Hundreds of clients may ask for the rings' contents at the same time: they are answered one after another. */
static bool is_behind (const struct connection *connection) {
  return outbox_waiting (&connection->out) >= OUTBOX_HELD;
}

bool connection_can_receive (const struct connection *connection) {
  return (connection->source.readable || connection->held) && !is_behind (connection);
}

/* Handles the whole frames that are there. False for a malformed one. */
static bool handle_frames (struct shim *shim, struct connection *connection) {
  size_t at = 0;
  ssize_t size;
  connection->held = false;
  while ((size = frame_size (connection, at)) > 0 && connection->in_length - at >= (size_t)size) {
    connection->held = is_behind (connection);
    if (connection->held)
      break;
    if (!frame_handle (shim, connection, connection->in + at, (size_t)size))
      return false;
    at += (size_t)size;
  }
  connection->in_length -= at;
  memmove (connection->in, connection->in + at, connection->in_length);
  if (!connection->in_length && connection->in_capacity > KEPT_CAPACITY) {
    free (connection->in);
    connection->in = NULL;
    connection->in_capacity = 0;
  }
  return size >= 0 && grow (connection, (size_t)size);
}

void connection_receive (struct shim *shim, struct connection *connection) {
  size_t turn = 0;
  if (connection->held && !is_behind (connection) && !handle_frames (shim, connection))
    connection->doomed = true;
  while (connection->source.readable && !is_behind (connection) && !connection->doomed && turn < RECEIVE_TURN) {
    if (!grow (connection, connection->in_length + FIRST_CAPACITY)) {
      connection->doomed = true;
      return;
    }
    size_t room = connection->in_capacity - connection->in_length;
    ssize_t got = read (connection->source.fd, connection->in + connection->in_length, room);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && errno == EAGAIN) {
      connection->source.readable = false;
      return;
    }
    if (got <= 0) {
      connection->doomed = true;
      return;
    }
    connection->in_length += (size_t)got;
    turn += (size_t)got;
    if (!handle_frames (shim, connection))
      connection->doomed = true;
  }
}

/* Sends parts; false when the socket takes no more now. */
static bool send_parts (struct shim *shim, struct connection *connection, struct iovec *parts, size_t count,
                        size_t *sent) {
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
  ssize_t done = sendmsg (connection->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  *sent = done > 0 ? (size_t)done : 0;
  if (done > 0)
    connection->progress_at = now_ms ();
  if (done >= 0 || errno == EINTR)
    return true;
  if (errno != EAGAIN)
    connection->doomed = true;
  source_full (&connection->source, shim->epoll);
  return false;
}

static void send_outbox (struct shim *shim, struct connection *connection) {
  struct outbox *out = &connection->out;
  struct iovec part = { out->data + out->head, outbox_waiting (out) };
  size_t sent;
  send_parts (shim, connection, &part, 1, &sent);
  outbox_sent (out, sent);
}

/* Nothing is told of a process before its start. */
static uint64_t unsent_bytes (const struct process *process, int i) {
  return process->phase == STARTING ? 0 : process->out[i].produced - process->out[i].sent;
}

static bool begin_data (struct shim *shim, struct connection *connection) {
  for (struct process *process = shim->processes; process; process = process->next)
    for (int i = 0; i < 2; i++) {
      struct stream *stream = &process->out[i];
      uint64_t unsent = unsent_bytes (process, i);
      if (!unsent)
        continue;
      struct data_frame *data = &connection->data;
      size_t size = unsent < MAX_DATA_BYTES ? (size_t)unsent : MAX_DATA_BYTES;
      put_header (data->header, sizeof (uint64_t) + size, SHIM_DATA, stream->number, process->number);
      memcpy (data->header + SHIM_FRAME_HEADER, &stream->sent, sizeof (uint64_t));
      data->process = process;
      data->stream = stream;
      data->header_left = sizeof data->header;
      data->left = size;
      return true;
    }
  return false;
}

static void send_data (struct shim *shim, struct connection *connection) {
  struct data_frame *data = &connection->data;
  struct iovec parts[3] = { { data->header + sizeof data->header - data->header_left, data->header_left } };
  size_t count = 1 + stream_parts (data->stream, data->stream->sent, data->left, parts + 1), sent;
  send_parts (shim, connection, parts, count, &sent);
  size_t of_header = sent < data->header_left ? sent : data->header_left;
  data->header_left -= of_header;
  data->left -= sent - of_header;
  data->stream->sent += sent - of_header;
  if (!data->left)
    data->stream = NULL;
}

void connection_flush (struct shim *shim, struct connection *connection) {
  bool is_daemon = connection == shim->daemon;
  size_t turn = 0;
  while (connection->source.writable && !connection->doomed && turn < SEND_TURN) {
    if (connection->data.stream) {
      turn += connection->data.left;
      send_data (shim, connection);
    } else if (outbox_waiting (&connection->out))
      send_outbox (shim, connection);
    else if (!is_daemon || !begin_data (shim, connection)) {
      connection->progress_at = now_ms ();
      break;
    }
  }
  bool stalled = !connection->source.writable && now_ms () >= connection->progress_at + STALL_MS;
  if (connection->out.exhausted || outbox_waiting (&connection->out) > OUTBOX_MAX)
    connection->doomed = true;
  if (stalled && connection_has_more (shim, connection))
    connection->doomed = true;
}

bool connection_has_more (const struct shim *shim, const struct connection *connection) {
  if (connection->data.stream || outbox_waiting (&connection->out))
    return true;
  if (connection == shim->daemon)
    for (const struct process *process = shim->processes; process; process = process->next)
      for (int i = 0; i < 2; i++)
        if (unsent_bytes (process, i))
          return true;
  return false;
}
