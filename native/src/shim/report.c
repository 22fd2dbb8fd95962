#include "report.h"
#include <unistd.h>
#include "include/plan.h"
#include "include/protocol.h"
#include "held.h"
#include "process.h"

#define TAKES_CLIENTS 1u

struct outbox *daemon_out (struct shim *shim) {
  return shim->daemon && !shim->daemon->doomed ? &shim->daemon->out : NULL;
}

void put_failure (struct outbox *out, uint32_t number, const struct failure *failure) {
  outbox_begin (out, SHIM_FAILED, 0, number);
  outbox_u32 (out, failure->step);
  outbox_u32 (out, (uint32_t)failure->error);
  outbox_text (out, failure->name);
  outbox_text (out, failure->call);
  outbox_text (out, failure->object);
  outbox_end (out);
}

void report_failure (struct shim *shim, uint32_t number, const struct failure *failure) {
  if (number == 0) {
    held_let_go (shim);
    shim->main_failed = true;
  }
  put_failure (daemon_out (shim), number, failure);
}

static void put_exit (struct outbox *out, const struct process *process) {
  outbox_u32 (out, (uint32_t)exit_code (process));
  outbox_u32 (out, (uint32_t)exit_signal (process));
  outbox_u32 (out, exit_core (process));
  outbox_u64 (out, process->exited_at);
  outbox_u64 (out, process->out[0].produced);
  outbox_u64 (out, process->out[1].produced);
  outbox_u32 (out, process->cut);
}

/* As protocol.h numbers the states. To the daemon, a process that drains is still running. */
static uint32_t state_number (const struct process *process) {
  return process->phase == STARTING ? 1 : process->phase == ENDED ? 3 : 2;
}

static void put_process (struct outbox *out, const struct process *process) {
  outbox_u32 (out, process->number);
  outbox_u32 (out, state_number (process));
  outbox_u32 (out, process->tty);
  outbox_u32 (out, (uint32_t)process->pid);
  outbox_u64 (out, process->start_time);
  outbox_u64 (out, process->started_at);
  outbox_u64 (out, process->out[0].produced);
  outbox_u64 (out, process->out[1].produced);
  outbox_u64 (out, process->out[0].limit);
  outbox_u64 (out, process->out[1].limit);
  if (process->phase == ENDED)
    put_exit (out, process);
}

/* An exec that the daemon is done with, while a client still reads its output. */
static bool is_only_for_clients (const struct process *process) { return process->number && process->taken; }

void report_state (struct shim *shim, struct connection *connection) {
  struct outbox *out = &connection->out;
  uint32_t count = 0;
  for (const struct process *process = shim->processes; process; process = process->next)
    count += !is_only_for_clients (process);
  outbox_begin (out, SHIM_STATE, 0, 0);
  outbox_u32 (out, SHIM_PROTOCOL);
  outbox_u32 (out, (uint32_t)getpid ());
  outbox_u32 (out, count);
  for (const struct process *process = shim->processes; process; process = process->next)
    if (!is_only_for_clients (process))
      put_process (out, process);
  outbox_u32 (out, MAX_FRAME_BYTES);
#ifndef SHIM_OMITS_LAST_STEP
  outbox_u32 (out, STEPS_END - 1);
  outbox_u32 (out, TAKES_CLIENTS);
#endif
  outbox_end (out);
}

void report_started (struct shim *shim, const struct process *process) {
  struct outbox *out = daemon_out (shim);
  outbox_begin (out, SHIM_STARTED, 0, process->number);
  outbox_u32 (out, (uint32_t)process->pid);
  outbox_u64 (out, process->start_time);
  outbox_u64 (out, process->started_at);
  outbox_end (out);
}

void report_client (struct shim *shim, uint32_t number, uint64_t session, bool is_open) {
  struct outbox *out = daemon_out (shim);
  outbox_begin (out, SHIM_CLIENT, 0, number);
  outbox_u64 (out, session);
  outbox_u32 (out, is_open);
  outbox_end (out);
}

void report_exit (struct outbox *out, const struct process *process) {
  outbox_begin (out, SHIM_EXIT, 0, process->number);
  put_exit (out, process);
  outbox_end (out);
}

void report_connect (struct shim *shim) {
  struct outbox *out = daemon_out (shim);
  if (!out || !shim->network.asked)
    return;
  outbox_begin (out, SHIM_CONNECT, 0, 0);
  outbox_u32 (out, (uint32_t)shim->network.namespace);
  outbox_end (out);
}

static void put_network (struct outbox *out, bool is_there, const char *loss) {
  outbox_begin (out, SHIM_NETWORK, 0, 0);
  outbox_u32 (out, is_there);
  outbox_text (out, loss);
  outbox_end (out);
}

void report_network (struct shim *shim) {
  struct network *network = &shim->network;
  struct outbox *out = daemon_out (shim);
  if (out && network->loss_untold)
    put_network (out, false, network->loss);
  if (out && network->return_untold)
    put_network (out, true, network->loss);
  if (out)
    network->loss_untold = network->return_untold = false;
}

void report_lost_log (struct shim *shim) {
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
