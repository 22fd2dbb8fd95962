#include "input.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "include/protocol.h"
#include "connection.h"
#include "report.h"

#define ACK_STEP (64u << 10)
#define ACK_DELAY_MS 50
#define RETRY_MS 100
#define NO_CHARACTER 0 /* _POSIX_VDISABLE on Linux */

static struct source *sink (struct process *process) {
  return process->tty ? &process->out[0].source : &process->in.source;
}

static struct session *find_session (struct input *in, uint64_t id) {
  for (int i = 0; i < STDIN_SESSIONS; i++)
    if (in->sessions[i].used && in->sessions[i].id == id)
      return &in->sessions[i];
  return NULL;
}

/* In the place of the oldest one whose client is not connected. */
static struct session *add_session (struct shim *shim, struct process *process, uint64_t id, uint64_t offset) {
  struct input *in = &process->in;
  for (int i = 0; i < STDIN_SESSIONS; i++) {
    const struct session *oldest = &in->sessions[in->next_session % STDIN_SESSIONS];
    if (!oldest->used || !find_client (shim, process, oldest->id))
      break;
    in->next_session++;
  }
  struct session *session = &in->sessions[in->next_session++ % STDIN_SESSIONS];
  *session = (struct session){ .used = true, .id = id, .taken = offset, .written = offset, .acked = offset };
  return session;
}

static void send_offset (struct outbox *out, const struct process *process, enum shim_frame type, uint64_t session,
                         uint64_t offset) {
  outbox_begin (out, type, 0, process->number);
  outbox_u64 (out, session);
  outbox_u64 (out, offset);
  outbox_end (out);
}

/* To the client itself if it is connected, or else to the daemon. */
static void send_ack (struct shim *shim, const struct process *process, uint64_t session, uint64_t offset) {
  struct connection *client = find_client (shim, process, session);
  send_offset (client ? &client->out : daemon_out (shim), process, SHIM_STDIN_ACK, session, offset);
}

static void refuse (struct shim *shim, const struct process *process, const struct session *session) {
  struct connection *client = find_client (shim, process, session->id);
  if (client)
    client->doomed = true;
  else
    send_offset (daemon_out (shim), process, SHIM_STDIN_REFUSED, session->id, session->taken);
}

static void drop_queue (struct input *in) {
  while (in->first) {
    struct chunk *next = in->first->next;
    free (in->first);
    in->first = next;
  }
  in->last = &in->first;
  in->queued = 0;
}

void input_end (struct shim *shim, struct process *process) {
  struct input *in = &process->in;
  drop_queue (in);
  source_close (&in->source, shim->epoll);
  in->retry_at = 0;
  if (in->closed)
    return;
  in->closed = true;
  for (int i = 0; i < STDIN_SESSIONS; i++)
    if (in->sessions[i].used)
      send_ack (shim, process, in->sessions[i].id, NO_BOUND);
}

static bool enqueue (struct input *in, uint64_t session, const uint8_t *data, size_t size) {
  struct chunk *chunk = malloc (sizeof *chunk + size);
  if (!chunk)
    return false;
  *chunk = (struct chunk){ .session = session, .size = size };
  if (size)
    memcpy (chunk->data, data, size);
  *in->last = chunk;
  in->last = &chunk->next;
  in->queued += size;
  return true;
}

/* Bytes that the pipe takes at once need no copy. An error occurs again when the queue is written, and is handled there. */
static size_t write_at_once (struct process *process, const uint8_t *data, size_t size) {
  struct source *to = sink (process);
  if (!size || to->fd < 0 || !to->writable)
    return 0;
  ssize_t written = write (to->fd, data, size);
  if (written <= 0)
    return 0;
  process->in.last_byte = data[written - 1];
  return (size_t)written;
}

void input_take (struct shim *shim, struct process *process, uint64_t id, uint64_t offset,
                 const uint8_t *data, size_t size) {
  struct input *in = &process->in;
  if (in->closed || in->closing) {
    send_ack (shim, process, id, NO_BOUND);
    return;
  }
  struct session *session = find_session (in, id);
  if (!session)
    session = add_session (shim, process, id, offset);
  if (offset > session->taken) {
    refuse (shim, process, session);
    return;
  }
  uint64_t again = session->taken - offset;
  if (again >= size)
    return;
  data += again;
  size -= (size_t)again;
  if (in->queued + size > STDIN_QUEUE_BYTES) {
    refuse (shim, process, session);
    return;
  }
  size_t at_once = in->first ? 0 : write_at_once (process, data, size);
  session->taken += at_once;
  session->written += at_once;
  size -= at_once;
  if (size && !enqueue (in, id, data + at_once, size))
    refuse (shim, process, session);
  else
    session->taken += size;
}

void input_close (struct process *process) {
  if (!process->tty)
    process->in.closing = true;
  else if (!process->in.closed)
    enqueue (&process->in, 0, NULL, 0);
}

uint64_t input_written (struct process *process, uint64_t id) {
  const struct session *session = find_session (&process->in, id);
  return process->in.closed ? NO_BOUND : session ? session->written : 0;
}

void input_answer (struct shim *shim, struct process *process, uint64_t id) {
  send_offset (daemon_out (shim), process, SHIM_STDIN_ACK, id, input_written (process, id));
}

static void drop_first (struct input *in) {
  struct chunk *chunk = in->first;
  in->first = chunk->next;
  if (!in->first)
    in->last = &in->first;
  free (chunk);
}

static void advance (struct input *in, size_t size) {
  struct chunk *chunk = in->first;
  struct session *session = find_session (in, chunk->session);
  if (session)
    session->written += size;
  chunk->done += size;
  in->queued -= size;
  in->last_byte = chunk->data[chunk->done - 1];
  if (chunk->done == chunk->size)
    drop_first (in);
}

/* One acknowledgement for many writes. For a key, it would be sent just before the echo, and delay it. */
static void acknowledge (struct shim *shim, struct process *process) {
  struct input *in = &process->in;
  bool due = (in->ack_at && now_ms () >= in->ack_at) || (in->closing && !in->first), waits = false;
  for (int i = 0; i < STDIN_SESSIONS; i++) {
    struct session *session = &in->sessions[i];
    uint64_t step = session->written - session->acked;
    if (!session->used || !step)
      continue;
    if (step < ACK_STEP && !due) {
      waits = true;
      continue;
    }
    session->acked = session->written;
    send_ack (shim, process, session->id, session->written);
  }
  if (!waits)
    in->ack_at = 0;
  else if (!in->ack_at)
    in->ack_at = now_ms () + ACK_DELAY_MS;
}

/*
 * A character ends the input of a terminal. After a part of a line it is needed twice: the first one only passes that
 * part on (termios(3), VEOF). Returns like write.
 */
static ssize_t write_eof (struct input *in, int fd) {
  struct termios mode;
  if (tcgetattr (fd, &mode) < 0 || mode.c_cc[VEOF] == NO_CHARACTER)
    return 0;
  cc_t eof = mode.c_cc[VEOF];
  uint8_t last = in->last_byte, text[2] = { eof, eof };
  bool at_start = last == 0 || last == '\n' || last == eof || (last == '\r' && mode.c_iflag & ICRNL);
  return write (fd, text, mode.c_lflag & ICANON && !at_start ? 2 : 1);
}

static ssize_t write_chunk (struct input *in, int fd) {
  struct chunk *chunk = in->first;
  if (chunk->size) {
    ssize_t written = write (fd, chunk->data + chunk->done, chunk->size - chunk->done);
    if (written > 0)
      advance (in, (size_t)written);
    return written;
  }
  ssize_t written = write_eof (in, fd);
  if (written < 0)
    return written;
  in->last_byte = 0;
  drop_first (in);
  return written;
}

/* False when the process has closed its stdin. */
static bool write_queue (struct shim *shim, struct input *in, struct source *to) {
  while (in->first && to->writable) {
    if (write_chunk (in, to->fd) >= 0 || errno == EINTR)
      continue;
    if (errno == EPIPE)
      return false;
    /* EIO: no slave of the terminal is open. The retry is for one that is opened later. */
    source_full (to, shim->epoll);
    in->retry_at = now_ms () + RETRY_MS;
  }
  return true;
}

void input_pump (struct shim *shim, struct process *process) {
  struct input *in = &process->in;
  struct source *to = sink (process);
  if (in->closed || to->fd < 0) {
    in->ack_at = 0;
    return;
  }
  if (in->retry_at && now_ms () >= in->retry_at) {
    in->retry_at = 0;
    to->writable = true;
  }
  bool open = write_queue (shim, in, to);
  acknowledge (shim, process);
  if (!open || (!process->tty && in->source.hung)) {
    input_end (shim, process);
    return;
  }
  if (in->first)
    return;
  in->retry_at = 0;
  if (in->closing) {
    in->closed = true;
    source_close (&in->source, shim->epoll);
  }
}
