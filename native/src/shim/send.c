#include "send.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "include/protocol.h"
#include "ring.h"

#define SEND_TURN (1u << 20)
#define OUTBOX_MAX (64u << 20)
#define STALL_MS 5000

static size_t send_parts (struct shim *shim, struct iovec *parts, size_t count) {
  struct connection *daemon = shim->daemon;
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
  ssize_t done = sendmsg (daemon->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (done > 0)
    daemon->progress_at = now_ms ();
  if (done >= 0)
    return (size_t)done;
  if (errno == EINTR)
    return 0;
  if (errno != EAGAIN)
    daemon->doomed = true;
  source_full (&daemon->source, shim->epoll);
  return 0;
}

static void send_outbox (struct shim *shim) {
  struct outbox *out = &shim->daemon->out;
  struct iovec part = { out->data + out->head, outbox_waiting (out) };
  outbox_sent (out, send_parts (shim, &part, 1));
}

/* STARTED comes before all DATA. */
static uint64_t unsent_bytes (const struct process *process, int i) {
  return process->phase == STARTING ? 0 : process->out[i].produced - process->out[i].sent;
}

static bool begin_data (struct shim *shim) {
  for (struct process *process = shim->processes; process; process = process->next)
    for (int i = 0; i < 2; i++) {
      struct stream *stream = &process->out[i];
      uint64_t unsent = unsent_bytes (process, i);
      if (!unsent)
        continue;
      struct data_frame *data = &shim->daemon->data;
      size_t size = unsent < MAX_DATA_BYTES ? (size_t)unsent : MAX_DATA_BYTES;
      put_header (data->header, sizeof (uint64_t) + size, SHIM_DATA, stream->number, process->number);
      memcpy (data->header + SHIM_FRAME_HEADER, &stream->sent, sizeof (uint64_t));
      data->stream = stream;
      data->header_left = sizeof data->header;
      data->left = size;
      return true;
    }
  return false;
}

static void send_data (struct shim *shim) {
  struct data_frame *data = &shim->daemon->data;
  struct iovec parts[3] = { { data->header + sizeof data->header - data->header_left, data->header_left } };
  size_t count = 1 + ring_parts (data->stream, data->stream->sent, data->left, parts + 1);
  size_t sent = send_parts (shim, parts, count);
  size_t of_header = sent < data->header_left ? sent : data->header_left;
  data->header_left -= of_header;
  data->left -= sent - of_header;
  data->stream->sent += sent - of_header;
  if (!data->left)
    data->stream = NULL;
}

bool has_more_to_send (const struct shim *shim) {
  const struct connection *daemon = shim->daemon;
  if (daemon->data.stream || outbox_waiting (&daemon->out))
    return true;
  for (const struct process *process = shim->processes; process; process = process->next)
    if (unsent_bytes (process, 0) || unsent_bytes (process, 1))
      return true;
  return false;
}

uint64_t send_deadline (const struct shim *shim) {
  return has_more_to_send (shim) ? shim->daemon->progress_at + STALL_MS : UINT64_MAX;
}

void send_to_daemon (struct shim *shim) {
  struct connection *daemon = shim->daemon;
  size_t turn = 0;
  /* A frame that found no memory is missing: what follows it would be misunderstood. */
  while (daemon->source.writable && !daemon->doomed && !daemon->out.exhausted && turn < SEND_TURN) {
    if (daemon->data.stream) {
      turn += daemon->data.left;
      send_data (shim);
    } else if (outbox_waiting (&daemon->out))
      send_outbox (shim);
    else if (!begin_data (shim)) {
      daemon->progress_at = now_ms ();
      break;
    }
  }
  bool stalled = !daemon->source.writable && now_ms () >= send_deadline (shim);
  if (stalled || daemon->out.exhausted || outbox_waiting (&daemon->out) > OUTBOX_MAX)
    daemon->doomed = true;
}
