/* The loop: wait for events, then give everything a turn, until the container is gone and that is taken. */
#include <stddef.h>
#include <sys/stat.h>
#include "shim.h"

/* How often a shim that is left over looks whether it can go: seldom, when its daemon is away for long. */
#define LOOK_MS 10000
#define FIRST_LOOK_MS 50

static void receive_all (struct shim *shim) {
  if (shim->daemon)
    connection_receive (shim, shim->daemon);
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i])
      connection_receive (shim, shim->waiting[i]);
}

static void advance_all (struct shim *shim) {
  for (struct process *process = shim->processes, *next; process; process = next) {
    next = process->next;
    advance_process (shim, process);
    if (process->failure_sent)
      forget_process (shim, process);
  }
}

/* A daemon that is away for long must not hold the container's output back. */
static void lift_limits (struct shim *shim) {
  if (shim->daemon || !shim->lost_at || now_ms () < shim->lost_at + LIMITS_KEPT_MS)
    return;
  shim->lost_at = 0;
  for (struct process *process = shim->processes; process; process = process->next)
    process->out[0].limit = process->out[1].limit = NO_BOUND;
}

static void take_turn (struct shim *shim) {
  if (shim->signals.readable || shim->reap_again)
    reap_children (shim);
  connections_accept (shim);
  receive_all (shim);
  connections_sweep (shim);
  lift_limits (shim);
  oom_advance (shim);
  advance_all (shim);
  sinks_pump (shim);
  if (shim->daemon) {
    connection_flush (shim, shim->daemon);
    advance_all (shim); /* what was sent makes room to read, and lets an exit be told */
    connection_flush (shim, shim->daemon);
  }
  connections_sweep (shim);
}

static bool can_read (const struct shim *shim, const struct stream *stream) {
  return !stream->eof && stream->source.fd >= 0 && stream->source.readable && stream_room (shim, stream) > 0;
}

/* Work that was left for the next turn. */
static bool is_busy (const struct shim *shim) {
  const struct connection *daemon = shim->daemon;
  if (shim->reap_again || shim->signals.readable || sinks_busy (shim))
    return true;
  if (daemon && (connection_can_receive (daemon) || (daemon->source.writable && connection_has_more (shim, daemon))))
    return true;
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i] && connection_can_receive (shim->waiting[i]))
      return true;
  for (const struct process *process = shim->processes; process; process = process->next)
    if (can_read (shim, &process->out[0]) || can_read (shim, &process->out[1]))
      return true;
  return false;
}

static void earlier (uint64_t *deadline, uint64_t other) {
  if (other < *deadline)
    *deadline = other;
}

static void process_deadline (const struct process *process, uint64_t *deadline) {
  if (process->in.retry_at)
    earlier (deadline, process->in.retry_at);
  if (process->in.ack_at)
    earlier (deadline, process->in.ack_at);
  for (int i = 0; i < 2 && process->phase == DRAINING; i++) {
    const struct stream *stream = &process->out[i];
    if (stream->eof)
      continue;
    earlier (deadline, (stream->read_at > process->drain_at ? stream->read_at : process->drain_at) + DRAIN_IDLE_MS);
    earlier (deadline, process->drain_at + DRAIN_TOTAL_MS);
  }
}

/* The container is gone with all its execs, and so far no daemon has come to hear of it. */
static bool is_left_over (const struct shim *shim) {
  const struct process *process = shim->processes;
  if (!process || process->number != 0 || shim->daemon)
    return false;
  while (process && process->phase == ENDED)
    process = process->next;
  return !process;
}

/* Nobody can come any more: the run folder, and with it the socket, was removed. */
static bool is_forsaken (const struct shim *shim) {
  struct stat st;
  return is_left_over (shim) && fstat (shim->run, &st) == 0 && st.st_nlink == 0;
}

static uint64_t next_look (const struct shim *shim, uint64_t now) {
  uint64_t away = shim->lost_at ? now - shim->lost_at : LOOK_MS;
  return now + (away < FIRST_LOOK_MS ? FIRST_LOOK_MS : away > LOOK_MS ? LOOK_MS : away);
}

/* ms until something must be done without an event; -1: never. */
static int time_left (const struct shim *shim) {
  uint64_t deadline = UINT64_MAX, now = now_ms ();
  if (is_busy (shim))
    return 0;
  if (shim->accept_at)
    earlier (&deadline, shim->accept_at);
  if (shim->oom.look_at)
    earlier (&deadline, shim->oom.look_at);
  if (shim->lost_at)
    earlier (&deadline, shim->lost_at + LIMITS_KEPT_MS);
  if (is_left_over (shim))
    earlier (&deadline, next_look (shim, now));
  if (shim->daemon && connection_has_more (shim, shim->daemon))
    earlier (&deadline, shim->daemon->progress_at + STALL_MS);
  for (const struct process *process = shim->processes; process; process = process->next)
    process_deadline (process, &deadline);
  if (deadline == UINT64_MAX)
    return -1;
  return deadline > now ? (int)(deadline - now) : 0;
}

/* Frames that the daemon has yet to get are waited for, as long as it takes them. */
static bool is_over (const struct shim *shim) {
  const struct process *main = shim->processes;
  bool told = !shim->daemon || !outbox_waiting (&shim->daemon->out);
  if (!main)
    return shim->main_failed && told;
  return main->number == 0 && main->taken && !main->next && told;
}

void serve (struct shim *shim) {
  for (;;) {
    take_turn (shim);
    if (is_over (shim) || is_forsaken (shim))
      return;
    loop_wait (shim->epoll, time_left (shim));
  }
}
