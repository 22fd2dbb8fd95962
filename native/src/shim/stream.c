#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "shim.h"

#define READ_MAX (64u << 10)
#define TURN_MAX (256u << 10)

/* How much may be read now: up to the limit, and nothing that the daemon has not got is overwritten. */
uint64_t stream_room (const struct shim *shim, const struct stream *stream) {
  uint64_t limit = stream->limit == NO_BOUND ? NO_BOUND : stream->limit + stream->extra;
  uint64_t bound = limit > stream->produced ? limit - stream->produced : 0;
  uint64_t unsent = shim->daemon ? stream->produced - stream->sent : 0;
  uint64_t free_space = stream->ring_size - unsent;
  return bound < free_space ? bound : free_space;
}

uint64_t stream_oldest (const struct stream *stream) {
  return stream->produced > stream->ring_size ? stream->produced - stream->ring_size : 0;
}

size_t stream_parts (const struct stream *stream, uint64_t offset, size_t size, struct iovec parts[2]) {
  size_t at = offset & (stream->ring_size - 1);
  size_t first = stream->ring_size - at < size ? stream->ring_size - at : size;
  parts[0] = (struct iovec){ stream->ring + at, first };
  parts[1] = (struct iovec){ stream->ring, size - first };
  return size > first ? 2 : 1;
}

/* The children of clone have no business with the output of others. */
static bool map_ring (struct stream *stream) {
  if (stream->ring)
    return true;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = mmap (NULL, stream->ring_size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  madvise (memory, stream->ring_size, MADV_DONTFORK);
  stream->ring = memory;
  return true;
}

/* The log is that of the main process. */
static void accept_bytes (struct shim *shim, const struct process *process, struct stream *stream,
                          struct iovec parts[2], size_t size) {
  if (parts[0].iov_len > size)
    parts[0].iov_len = size;
  parts[1].iov_len = size - parts[0].iov_len;
  if (process->number == 0) {
    log_write (&shim->log, stream->number, parts);
    tell_lost (shim);
  }
  stream->produced += size;
  stream->read_at = now_ms ();
}

/*
 * EIO of a terminal's master: no slave is open now; one may come back as long as the process lives (T22). A
 * pipe ends for good. EAGAIN is no end. error: 0 when the read gave nothing.
 */
static void note_end (struct shim *shim, struct process *process, struct stream *stream, int error) {
  stream->source.readable = false;
  if (error == EAGAIN)
    return;
  if (process->tty && !process->reaped)
    return;
  stream->eof = true;
  if (!process->tty)
    source_close (&stream->source, shim->epoll);
}

void stream_pump (struct shim *shim, struct process *process, struct stream *stream) {
  size_t turn = 0;
  while (!stream->eof && stream->source.fd >= 0 && stream->source.readable && turn < TURN_MAX) {
    uint64_t room = stream_room (shim, stream);
    size_t wanted = room < READ_MAX ? (size_t)room : READ_MAX;
    if (!wanted || !map_ring (stream))
      return;
    struct iovec parts[2];
    int count = (int)stream_parts (stream, stream->produced, wanted, parts);
    ssize_t got = readv (stream->source.fd, parts, count);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      note_end (shim, process, stream, got == 0 ? 0 : errno);
      return;
    }
    accept_bytes (shim, process, stream, parts, (size_t)got);
    turn += (size_t)got;
    /* epoll(7): a short read of a pipe means that it is empty; what comes later is another event. */
    if (!process->tty && (size_t)got < wanted && !stream->source.hung)
      stream->source.readable = false;
  }
}

void stream_free (struct shim *shim, struct stream *stream) {
  source_close (&stream->source, shim->epoll);
  if (stream->ring)
    munmap (stream->ring, stream->ring_size);
  stream->ring = NULL;
}
