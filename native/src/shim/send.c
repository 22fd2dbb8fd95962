#include "send.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "include/protocol.h"
#include "report.h"
#include "ring.h"

#define SEND_TURN (1u << 20)
#define OUTBOX_MAX (64u << 20)
#define STALL_MS 5000

/* How long a process waits for a client that reads nothing: beside other clients, and as the only one of a terminal. As that of pipes: for ever. */
#define STALL_BESIDE_OTHERS_MS 1000
#define STALL_TERMINAL_MS 10000

static size_t send_parts (struct shim *shim, struct connection *to, struct iovec *parts, size_t count) {
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
  ssize_t done = sendmsg (to->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (done > 0)
    to->progress_at = now_ms ();
  if (done >= 0)
    return (size_t)done;
  if (errno == EINTR)
    return 0;
  if (errno != EAGAIN)
    to->doomed = true;
  source_full (&to->source, shim->epoll);
  return 0;
}

static void send_outbox (struct shim *shim, struct connection *to) {
  struct outbox *out = &to->out;
  struct iovec part = { out->data + out->head, outbox_waiting (out) };
  outbox_sent (out, send_parts (shim, to, &part, 1));
}

static bool wants (const struct connection *to, const struct process *process) {
  return to->process ? to->process == process : !process->unheard;
}

/* STARTED comes before all DATA. */
static uint64_t unsent_bytes (const struct connection *to, const struct process *process, int i) {
  if (process->phase == STARTING || !wants (to, process))
    return 0;
  return process->out[i].produced - (to->process ? to->sent[i] : process->out[i].sent);
}

/* The rest of the frame, which the ring need not keep any more. */
static bool copy_frame (struct data_frame *data) {
  struct iovec parts[2];
  size_t count = ring_parts (data->stream, *data->sent, data->left, parts);
  uint8_t *copy = malloc (data->left);
  if (!copy)
    return false;
  memcpy (copy, parts[0].iov_base, parts[0].iov_len);
  if (count > 1)
    memcpy (copy + parts[0].iov_len, parts[1].iov_base, parts[1].iov_len);
  data->copy = copy;
  data->copied = data->left;
  return true;
}

#ifndef __clang__
#pragma GCC diagnostic push
/* GCC does not see what send_data and the end of the connection free. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static void begin_frame (struct connection *to, struct process *process, int i) {
  struct stream *stream = &process->out[i];
  struct data_frame *data = &to->data;
  data->stream = stream;
  data->sent = to->process ? &to->sent[i] : &stream->sent;
  /* Those that a client has missed, for which the process does not wait. */
  if (to->process && *data->sent < ring_oldest (stream))
    *data->sent = ring_oldest (stream);
  uint64_t unsent = stream->produced - *data->sent;
  data->left = unsent < MAX_DATA_BYTES ? (size_t)unsent : MAX_DATA_BYTES;
  put_header (data->header, sizeof (uint64_t) + data->left, SHIM_DATA, stream->number, process->number);
  memcpy (data->header + SHIM_FRAME_HEADER, data->sent, sizeof (uint64_t));
  data->header_left = sizeof data->header;
  if (to->process && !to->waited_for && !copy_frame (data))
    to->doomed = true;
}

#ifndef __clang__
#pragma GCC diagnostic pop
#endif

static bool begin_data (struct shim *shim, struct connection *to) {
  for (struct process *process = shim->processes; process; process = process->next)
    for (int i = 0; i < 2; i++)
      if (unsent_bytes (to, process, i)) {
        begin_frame (to, process, i);
        return true;
      }
  return false;
}

static void send_data (struct shim *shim, struct connection *to) {
  struct data_frame *data = &to->data;
  struct iovec parts[3] = { { data->header + sizeof data->header - data->header_left, data->header_left } };
  size_t count = 2;
  if (data->copy)
    parts[1] = (struct iovec){ data->copy + data->copied - data->left, data->left };
  else
    count = 1 + ring_parts (data->stream, *data->sent, data->left, parts + 1);
  size_t sent = send_parts (shim, to, parts, count);
  size_t of_header = sent < data->header_left ? sent : data->header_left;
  data->header_left -= of_header;
  data->left -= sent - of_header;
  *data->sent += sent - of_header;
  if (data->left)
    return;
  free (data->copy);
  data->copy = NULL;
  data->stream = NULL;
}

/* To a client that has all bytes of a process that has ended. */
static bool exit_is_due (const struct connection *to) {
  return to->process && to->process->phase == ENDED && !to->exit_sent;
}

bool has_more_to_send (const struct shim *shim, const struct connection *to) {
  if (to->data.stream || outbox_waiting (&to->out) || exit_is_due (to))
    return true;
  for (const struct process *process = shim->processes; process; process = process->next)
    if (unsent_bytes (to, process, 0) || unsent_bytes (to, process, 1))
      return true;
  return false;
}

static bool is_beside_others (const struct shim *shim, const struct connection *client) {
  for (const struct connection *other = shim->clients; other; other = other->next)
    if (other != client && other->process == client->process)
      return true;
  return client->process->others;
}

static uint64_t patience (const struct shim *shim, const struct connection *to) {
  if (!to->process)
    return STALL_MS;
  if (!to->waited_for)
    return UINT64_MAX;
  if (is_beside_others (shim, to))
    return STALL_BESIDE_OTHERS_MS;
  return to->process->tty ? STALL_TERMINAL_MS : UINT64_MAX;
}

uint64_t send_deadline (const struct shim *shim, const struct connection *to) {
  uint64_t ms = patience (shim, to);
  return ms == UINT64_MAX || !has_more_to_send (shim, to) ? UINT64_MAX : to->progress_at + ms;
}

static bool begin_next (struct shim *shim, struct connection *to) {
  if (begin_data (shim, to))
    return true;
  if (!exit_is_due (to))
    return false;
  report_exit (&to->out, to->process);
  return to->exit_sent = true;
}

static void send_some (struct shim *shim, struct connection *to) {
  size_t turn = 0;
  /* A frame that found no memory is missing: what follows it would be misunderstood. */
  while (to->source.writable && !to->doomed && !to->out.exhausted && turn < SEND_TURN) {
    if (to->data.stream) {
      turn += to->data.left;
      send_data (shim, to);
    } else if (outbox_waiting (&to->out))
      send_outbox (shim, to);
    else if (!begin_next (shim, to)) {
      to->progress_at = now_ms ();
      break;
    }
  }
  if (to->out.exhausted || outbox_waiting (&to->out) > OUTBOX_MAX)
    to->doomed = true;
}

static void send_to_daemon (struct shim *shim) {
  struct connection *daemon = shim->daemon;
  send_some (shim, daemon);
  if (!daemon->source.writable && now_ms () >= send_deadline (shim, daemon))
    daemon->doomed = true;
}

/* epoll tells of room only when most of the buffer is free. A client that reads slowly is asked by a write whether it does. */
static void send_to_client (struct shim *shim, struct connection *client) {
  bool is_late = !client->source.writable && now_ms () >= send_deadline (shim, client);
  uint64_t progress_at = client->progress_at;
  if (is_late)
    client->source.writable = true;
  send_some (shim, client);
  if (!is_late || client->progress_at != progress_at)
    return;
  client->waited_for = false;
  if (client->data.stream && !copy_frame (&client->data))
    client->doomed = true;
}

void send_all (struct shim *shim) {
  if (shim->daemon)
    send_to_daemon (shim);
  for (struct connection *client = shim->clients; client; client = client->next)
    send_to_client (shim, client);
}
