/* Frames that tell the daemon how things stand. */
#include "include/plan.h"
#include "include/protocol.h"
#include <sys/uio.h>
#include <unistd.h>
#include "shim.h"

void exit_put (struct outbox *out, const struct process *process) {
  outbox_u32 (out, (uint32_t)exit_code (process));
  outbox_u32 (out, (uint32_t)exit_signal (process));
  outbox_u32 (out, exit_core (process));
  outbox_u64 (out, process->exited_at);
  outbox_u64 (out, process->out[0].produced);
  outbox_u64 (out, process->out[1].produced);
  outbox_u32 (out, process->cut);
}

/* 1 starting, 2 running, 3 ended: a process that drains is still running for the daemon. */
static uint32_t told_state (const struct process *process) {
  return process->phase == STARTING ? 1 : process->phase == ENDED ? 3 : 2;
}

static void put_process (struct outbox *out, const struct process *process) {
  outbox_u32 (out, process->number);
  outbox_u32 (out, told_state (process));
  outbox_u32 (out, process->tty);
  outbox_u32 (out, (uint32_t)process->pid);
  outbox_u64 (out, process->start_time);
  outbox_u64 (out, process->started_at);
  outbox_u64 (out, process->out[0].produced);
  outbox_u64 (out, process->out[1].produced);
  outbox_u64 (out, process->out[0].limit);
  outbox_u64 (out, process->out[1].limit);
  if (process->phase == ENDED)
    exit_put (out, process);
}

void state_send (struct shim *shim, struct connection *connection) {
  struct outbox *out = &connection->out;
  uint32_t count = 0;
  for (const struct process *process = shim->processes; process; process = process->next)
    count++;
  outbox_begin (out, SHIM_STATE, 0, 0);
  outbox_u32 (out, SHIM_PROTOCOL);
  outbox_u32 (out, (uint32_t)getpid ());
  outbox_u32 (out, count);
  for (const struct process *process = shim->processes; process; process = process->next)
    put_process (out, process);
  outbox_u32 (out, MAX_FRAME_BYTES);
#ifndef SHIM_TELLS_NO_STEP
  outbox_u32 (out, STEPS_END - 1);
#endif
  outbox_end (out);
}

/* Where the DATA that comes after this moment begins: behind a frame that is on its way. */
static uint64_t next_data (const struct connection *daemon, const struct stream *stream) {
  return stream->sent + (daemon->data.stream == stream ? daemon->data.left : 0);
}

static void put_ring (struct outbox *out, const struct process *process, const struct stream *stream,
                      uint32_t request, uint64_t since, uint64_t end) {
  uint64_t oldest = stream_oldest (stream);
  for (uint64_t at = since < oldest ? oldest : since; at < end;) {
    size_t size = end - at < MAX_DATA_BYTES ? (size_t)(end - at) : MAX_DATA_BYTES;
    struct iovec parts[2];
    size_t count = stream_parts (stream, at, size, parts);
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
    ends[i] = next_data (shim->daemon, &process->out[i]);
    put_ring (out, process, &process->out[i], request, since[i], ends[i]);
  }
  outbox_begin (out, SHIM_SNAPSHOT_END, 0, process->number);
  outbox_u32 (out, request);
  outbox_u64 (out, ends[0]);
  outbox_u64 (out, ends[1]);
  outbox_end (out);
}

void tell_lost (struct shim *shim) {
  struct outbox *out = daemon_out (shim);
  for (uint8_t stream = 1; out && stream <= 2; stream++) {
    uint64_t bytes = log_marked (&shim->log, stream);
    if (!bytes)
      continue;
    outbox_begin (out, SHIM_LOG_LOST, stream, 0);
    outbox_u64 (out, bytes);
    outbox_end (out);
  }
}
