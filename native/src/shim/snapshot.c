#include "snapshot.h"
#include "include/protocol.h"
#include "ring.h"

/* Where the next DATA frame begins: after one that is being sent. */
static uint64_t next_data (const struct connection *daemon, const struct process *process, const struct stream *stream) {
  if (process->unheard)
    return stream->produced;
  return stream->sent + (daemon->data.stream == stream ? daemon->data.left : 0);
}

static void put_ring (struct outbox *out, const struct process *process, const struct stream *stream,
                      uint32_t request, uint64_t since, uint64_t end) {
  uint64_t oldest = ring_oldest (stream);
  for (uint64_t at = since < oldest ? oldest : since; at < end;) {
    size_t size = end - at < MAX_DATA_BYTES ? (size_t)(end - at) : MAX_DATA_BYTES;
    struct iovec parts[2];
    size_t count = ring_parts (stream, at, size, parts);
    outbox_begin (out, SHIM_SNAPSHOT_DATA, stream->number, process->number);
    outbox_u32 (out, request);
    outbox_u64 (out, at);
    for (size_t i = 0; i < count; i++)
      outbox_bytes (out, parts[i].iov_base, parts[i].iov_len);
    outbox_end (out);
    at += size;
  }
}

void snapshot_send (struct shim *shim, struct process *process, uint32_t request, const uint64_t since[2]) {
  struct outbox *out = &shim->daemon->out;
  uint64_t ends[2];
  for (int i = 0; i < 2; i++) {
    ends[i] = next_data (shim->daemon, process, &process->out[i]);
    put_ring (out, process, &process->out[i], request, since[i], ends[i]);
  }
  outbox_begin (out, SHIM_SNAPSHOT_END, 0, process->number);
  outbox_u32 (out, request);
  outbox_u64 (out, ends[0]);
  outbox_u64 (out, ends[1]);
  outbox_end (out);
}
