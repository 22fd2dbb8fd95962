#include "ending.h"
#include <poll.h>
#include "include/protocol.h"
#include "held.h"
#include "input.h"
#include "network.h"
#include "process.h"
#include "record.h"
#include "report.h"
#include "sink.h"
#include "stream.h"

#define DRAIN_IDLE_MS 2000
#define DRAIN_TOTAL_MS 10000

/*
 * The main process ends after the execs that end together with it. Without a private pid namespace execs may outlive
 * it; it does not wait for those.
 */
static bool must_wait (const struct process *process, bool until_reported) {
  if (process->number)
    return false;
  for (const struct process *other = process->next; other; other = other->next)
    if (other->reaped && (other->phase != ENDED || (until_reported && !other->exit_sent)))
      return true;
  return false;
}

void begin_drain (struct process *process) {
  take_status (process);
  process->phase = DRAINING;
  process->drain_at = now_ms ();
  process->out[0].extra = process->out[1].extra = DRAIN_EXTRA_BYTES;
  process->out[0].source.readable = process->out[1].source.readable = true;
}

/* When to cut an output that others keep open (T20, T25): after a time without a byte, or after a longer time in any case. */
static uint64_t cut_at (const struct process *process, const struct stream *stream) {
  uint64_t idle = (stream->read_at > process->drain_at ? stream->read_at : process->drain_at) + DRAIN_IDLE_MS;
  uint64_t total = process->drain_at + DRAIN_TOTAL_MS;
  return idle < total ? idle : total;
}

uint64_t drain_deadline (const struct process *process) {
  uint64_t deadline = UINT64_MAX;
  for (int i = 0; i < 2 && process->phase == DRAINING; i++)
    if (!process->out[i].eof && cut_at (process, &process->out[i]) < deadline)
      deadline = cut_at (process, &process->out[i]);
  return deadline;
}

/* Whether there are bytes to read that a limit keeps the shim from reading. */
static bool is_held_back (const struct shim *shim, const struct process *process, const struct stream *stream) {
  struct pollfd ready = { .fd = stream->source.fd, .events = POLLIN };
  return stream_room (shim, process, stream) == 0 && poll (&ready, 1, 0) > 0 && ready.revents & POLLIN;
}

static void drain (struct shim *shim, struct process *process, struct stream *stream) {
  uint64_t now = now_ms ();
  if (stream->eof || stream->source.fd < 0) {
    stream->eof = true;
    return;
  }
  if (now < cut_at (process, stream))
    return;
  if (now < process->drain_at + DRAIN_TOTAL_MS && is_held_back (shim, process, stream)) {
    stream->read_at = now;
    return;
  }
  stream->eof = true;
  process->cut = true;
}

/* Closing the master hangs up the terminal for all processes that still have it. An exec's pipes stay open for such processes. */
static void end_process (struct shim *shim, struct process *process) {
  input_end (shim, process);
  for (int i = 0; i < 2; i++) {
    if (process->number && !process->tty)
      sink_take (&shim->sinks, shim->epoll, &process->out[i].source);
    source_close (&process->out[i].source, shim->epoll);
  }
  if (process->number == 0) {
    network_end (shim);
    held_let_go (shim);
    log_end (&shim->log);
    report_lost_log (shim);
  }
  record_write (shim, process);
  process->phase = ENDED;
}

void advance_drain (struct shim *shim, struct process *process) {
  drain (shim, process, &process->out[0]);
  drain (shim, process, &process->out[1]);
  if (process->out[0].eof && process->out[1].eof && !must_wait (process, false))
    end_process (shim, process);
}

void announce_exit (struct shim *shim, struct process *process) {
  bool all_sent =
    process->out[0].sent == process->out[0].produced && process->out[1].sent == process->out[1].produced;
  if (!daemon_out (shim) || process->exit_sent || !(all_sent || process->unheard) || must_wait (process, true))
    return;
  report_exit (daemon_out (shim), process);
  process->exit_sent = true;
}
