#include "serve.h"
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "advance.h"
#include "client.h"
#include "connection.h"
#include "ending.h"
#include "held.h"
#include "network.h"
#include "processes.h"
#include "reap.h"
#include "receive.h"
#include "report.h"
#include "send.h"
#include "sink.h"
#include "stream.h"

#define LIMITS_KEPT_MS 30000 /* how long the limits of a lost daemon stay in force */

/* How often a shim whose container has ended checks whether it may exit: less often the longer the daemon is away. */
#define LOOK_MS 10000
#define FIRST_LOOK_MS 50

static void receive_all (struct shim *shim) {
  if (shim->daemon)
    connection_receive (shim, shim->daemon);
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i])
      connection_receive (shim, shim->waiting[i]);
  for (struct connection *client = shim->clients; client; client = client->next) {
    connection_receive (shim, client);
    client->doomed |= client->leaves;
  }
}

static void advance_all (struct shim *shim) {
  for (struct process *process = shim->processes, *next; process; process = next) {
    next = process->next;
    advance_process (shim, process);
    if (process->failure_sent || (process->number && process->taken && !clients_unfinished (shim, process)))
      forget_process (shim, process);
  }
}

/* A daemon that stays away must not block the container's output for ever. */
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
  oom_advance (&shim->oom, daemon_out (shim));
  advance_all (shim);
  network_advance (shim);
  sinks_pump (&shim->sinks, shim->epoll);
  if (shim->daemon || shim->clients) {
    send_all (shim);
    advance_all (shim); /* bytes sent make room to read more, or were the last before an exit */
    send_all (shim);
  }
  connections_sweep (shim);
}

static bool can_read (const struct shim *shim, const struct process *process, const struct stream *stream) {
  return !stream->eof && stream->source.fd >= 0 && stream->source.readable && stream_room (shim, process, stream) > 0;
}

static bool is_in_use (const struct shim *shim, const struct connection *connection) {
  return connection_can_receive (connection) || (connection->source.writable && has_more_to_send (shim, connection));
}

/* Whether there is work for the next turn. */
static bool is_busy (const struct shim *shim) {
  if (shim->reap_again || shim->signals.readable || sinks_busy (shim->sinks))
    return true;
  if (shim->daemon && is_in_use (shim, shim->daemon))
    return true;
  for (const struct connection *client = shim->clients; client; client = client->next)
    if (is_in_use (shim, client))
      return true;
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i] && connection_can_receive (shim->waiting[i]))
      return true;
  for (const struct process *process = shim->processes; process; process = process->next)
    if (can_read (shim, process, &process->out[0]) || can_read (shim, process, &process->out[1]))
      return true;
  return false;
}

static void earlier (uint64_t *deadline, uint64_t other) {
  if (other < *deadline)
    *deadline = other;
}

static void connection_deadline (const struct shim *shim, const struct connection *connection, uint64_t *deadline) {
  earlier (deadline, send_deadline (shim, connection));
  earlier (deadline, buffer_deadline (connection));
}

static void process_deadline (const struct process *process, uint64_t *deadline) {
  if (process->in.retry_at)
    earlier (deadline, process->in.retry_at);
  if (process->in.ack_at)
    earlier (deadline, process->in.ack_at);
  earlier (deadline, drain_deadline (process));
}

/* The container and all execs have ended, and there is no daemon to report it to. */
static bool is_left_over (const struct shim *shim) {
  const struct process *process = shim->processes;
  if (!process || process->number != 0 || shim->daemon)
    return false;
  while (process && process->phase == ENDED)
    process = process->next;
  return !process;
}

/* The run folder is removed, and the socket with it: no daemon can connect any more. */
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
  if (shim->network.again_at)
    earlier (&deadline, shim->network.again_at);
  if (shim->lost_at)
    earlier (&deadline, shim->lost_at + LIMITS_KEPT_MS);
  if (is_left_over (shim))
    earlier (&deadline, next_look (shim, now));
  if (shim->daemon)
    connection_deadline (shim, shim->daemon, &deadline);
  for (const struct connection *client = shim->clients; client; client = client->next)
    connection_deadline (shim, client, &deadline);
  for (const struct process *process = shim->processes; process; process = process->next)
    process_deadline (process, &deadline);
  if (deadline == UINT64_MAX)
    return -1;
  return deadline > now ? (int)(deadline - now) : 0;
}

/* The daemon has the exit of every process, and all frames. */
static bool is_over (const struct shim *shim) {
  const struct process *main = shim->processes;
  bool sent = !shim->daemon || !outbox_waiting (&shim->daemon->out);
  if (!main)
    return shim->main_failed && sent;
  for (const struct process *process = main; process; process = process->next)
    if (!process->taken)
      return false;
  return main->number == 0 && sent;
}

/* It has no run folder, in which another daemon could find it. */
static bool is_abandoned (const struct shim *shim) { return shim->run < 0 && !shim->daemon; }

/* Its mounts are free for others when its socket closes. */
static void end_held (const struct shim *shim) {
  for (const struct process *process = shim->processes; process; process = process->next)
    if (process->pid && !process->reaped && kill (process->pid, SIGKILL) == 0)
      RETRY (waitpid (process->pid, NULL, 0));
}

void serve (struct shim *shim) {
  for (;;) {
    take_turn (shim);
    if (is_abandoned (shim))
      end_held (shim);
    if (is_over (shim) || is_forsaken (shim) || is_abandoned (shim))
      return;
    loop_wait (shim->epoll, time_left (shim));
  }
}

/* All that others could want, or wait for. */
static void let_go (struct shim *shim) {
  if (shim->run >= 0)
    unlinkat (shim->run, "shim.sock", 0);
  held_let_go (shim);
  source_close (&shim->listener, shim->epoll);
  /* Before the daemon's socket closes: then it takes the file systems to be unmounted. */
  close_fd (&shim->mounts);
  if (shim->daemon)
    shim->daemon->doomed = true;
  for (int i = 0; i < MAX_WAITING; i++)
    if (shim->waiting[i])
      shim->waiting[i]->doomed = true;
  connections_sweep (shim);
}

void serve_clients (struct shim *shim) {
  let_go (shim);
  for (;;) {
    send_all (shim);
    connections_sweep (shim);
    if (!clients_unfinished (shim, NULL))
      return;
    loop_wait (shim->epoll, -1);
    receive_all (shim);
    connections_sweep (shim);
  }
}
