#include "stream.h"
#include <errno.h>
#include <sys/uio.h>
#include "report.h"
#include "ring.h"

#define READ_MAX (64u << 10)
#define TURN_MAX (256u << 10)

/* Whether the daemon is to get bytes that are in the ring. */
static bool is_heard (const struct shim *shim, const struct process *process, const struct stream *stream) {
  return shim->daemon && (!process->unheard || shim->daemon->data.stream == stream);
}

uint64_t stream_room (const struct shim *shim, const struct process *process, const struct stream *stream) {
  uint64_t limit = stream->limit == NO_BOUND ? NO_BOUND : stream->limit + stream->extra;
  uint64_t room = limit > stream->produced ? limit - stream->produced : 0;
  uint64_t unsent = is_heard (shim, process, stream) ? stream->produced - stream->sent : 0;
  if (room > stream->ring_size - unsent)
    room = stream->ring_size - unsent;
  /* A part of the ring is for what a pipe still holds when the process has ended. */
  uint64_t window = stream->extra ? stream->ring_size : stream->ring_size / 4 * 3;
  for (const struct connection *client = shim->clients; client; client = client->next) {
    uint64_t kept = stream->produced - client->sent[stream->number - 1];
    if (client->process != process || !client->waited_for || kept + room <= window)
      continue;
    room = kept < window ? window - kept : 0;
  }
  return room;
}

static void accept_bytes (struct shim *shim, const struct process *process, struct stream *stream,
                          struct iovec parts[2], size_t size) {
  if (parts[0].iov_len > size)
    parts[0].iov_len = size;
  parts[1].iov_len = size - parts[0].iov_len;
  if (process->number == 0) {
    log_write (&shim->log, stream->number, parts);
    report_lost_log (shim);
  }
  stream->produced += size;
  stream->read_at = now_ms ();
}

/*
 * A read gave no bytes: `error` is errno, or 0 at the end of file. A pipe ends for good. A terminal's master gives EIO
 * while no slave is open, and one may be opened again as long as the process lives (T22).
 */
static void note_end (struct shim *shim, struct process *process, struct stream *stream, int error) {
  stream->source.readable = false;
  if (error == EAGAIN || (process->tty && !process->reaped))
    return;
  stream->eof = true;
  if (!process->tty)
    source_close (&stream->source, shim->epoll);
}

void stream_pump (struct shim *shim, struct process *process, struct stream *stream) {
  size_t turn = 0;
  while (!stream->eof && stream->source.fd >= 0 && stream->source.readable && turn < TURN_MAX) {
    uint64_t room = stream_room (shim, process, stream);
    size_t wanted = room < READ_MAX ? (size_t)room : READ_MAX;
    if (!wanted || !ring_map (stream))
      return;
    struct iovec parts[2];
    int count = (int)ring_parts (stream, stream->produced, wanted, parts);
    ssize_t got = readv (stream->source.fd, parts, count);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      note_end (shim, process, stream, got == 0 ? 0 : errno);
      return;
    }
    accept_bytes (shim, process, stream, parts, (size_t)got);
    turn += (size_t)got;
    /* epoll(7): a short read of a pipe means that it is empty, and later bytes cause another event. */
    if (!process->tty && (size_t)got < wanted && !stream->source.hung)
      stream->source.readable = false;
  }
}
