/* What the child tells between clone and exec. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "include/protocol.h"
#include "shim.h"

void failure_put (struct outbox *out, uint32_t number, const struct failure *failure) {
  outbox_begin (out, SHIM_FAILED, 0, number);
  outbox_u32 (out, failure->step);
  outbox_u32 (out, (uint32_t)failure->error);
  outbox_text (out, failure->name);
  outbox_text (out, failure->call);
  outbox_text (out, failure->object);
  outbox_end (out);
}

void report_failure (struct shim *shim, uint32_t number, const struct failure *failure) {
  struct outbox *out = daemon_out (shim);
  if (out)
    failure_put (out, number, failure);
  if (number == 0)
    shim->main_failed = true;
}

/* Not reaped yet, so the number still belongs to it; and no other process of this shim has it. */
static bool is_new_child (const struct shim *shim, pid_t pid) {
  siginfo_t info;
  for (const struct process *other = shim->processes; other; other = other->next)
    if ((pid == other->helper && !other->helper_ended) || (pid == other->pid && !other->reaped))
      return false;
  return pid > 0 && waitid (P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void take_pid (struct shim *shim, struct process *process, pid_t pid) {
  if (process->pid || !is_new_child (shim, pid))
    return;
  process->pid = pid;
  process->pidfd = sys_pidfd_open (pid);
  if (process->pidfd < 0)
    fail_start (process, "pidfd_open");
  process->start_time = process_start_time (pid);
  if (!process->start_time)
    fail_start (process, "open");
  hold_mounts (shim, process);
  shim->reap_again = true;
  if (process->pending_signal)
    signal_process (process, process->pending_signal, false);
}

static void take_master (struct shim *shim, struct process *process, int master) {
  if (master < 0) {
    static const struct failure lost = {
      .step = NO_STEP, .error = EMFILE, .name = "terminal", .call = "recvmsg"
    };
    process->failure = lost;
    process->failed = true;
    return;
  }
  int flags = fcntl (master, F_SETFL, O_RDWR | O_NONBLOCK);
  if (source_open (&process->out[0].source, shim->epoll, master) < 0)
    fail_start (process, "epoll_ctl");
  if (flags < 0)
    fail_start (process, "fcntl");
  if (process->resized)
    resize_process (process, &process->size);
  if (sync_acknowledge (process->sync.fd) < 0 && errno != EPIPE) /* of a child that has ended, its end tells */
    fail_start (process, "send");
}

/* A terminal is opened once, before a child is where it could be traced. */
static bool awaits_master (const struct process *process) {
  return process->tty && process->out[0].source.fd < 0 && !process->executing;
}

static void take_message (struct shim *shim, struct process *process, const struct sync_message *message,
                          struct sync_envelope *envelope) {
  switch (message->kind) {
  case SYNC_PID:
    if (envelope->sender == process->helper)
      take_pid (shim, process, message->pid);
    break;
  case SYNC_MASTER:
    if (awaits_master (process))
      take_master (shim, process, steal_fd (&envelope->fd));
    break;
  case SYNC_EXEC:
    process->executing = true;
    take_pid (shim, process, envelope->sender); /* of a helper that did not come to tell it */
    break;
  case SYNC_FAILURE:
    process->failure = message->failure;
    process->failed = true;
    break;
  }
  close_fd (&envelope->fd);
}

static void close_sync (struct shim *shim, struct process *process) {
  source_close (&process->sync, shim->epoll);
  shim->reap_again = true;
}

static void read_messages (struct shim *shim, struct process *process) {
  struct sync_message message;
  struct sync_envelope envelope;
  int got = 0;
  if (process->sync.fd < 0)
    return;
  while (process->messages < MESSAGES_MAX && (got = sync_receive (process->sync.fd, &message, &envelope)) > 0) {
    process->messages++;
    take_message (shim, process, &message, &envelope);
  }
  process->sync.readable = false;
  if (process->messages == MESSAGES_MAX)
    got = failed (EPROTO);
  if (got < 0 && errno != EAGAIN)
    fail_start (process, "recvmsg");
  if (got == 0 || process->reaped || process->messages == MESSAGES_MAX) /* whoever has it still got it from the dead */
    close_sync (shim, process);
}

static void started (struct shim *shim, struct process *process) {
  struct outbox *out = daemon_out (shim);
  process->phase = RUNNING;
  process->started_at = wall_ns ();
  if (!out)
    return;
  outbox_begin (out, SHIM_STARTED, 0, process->number);
  outbox_u32 (out, (uint32_t)process->pid);
  outbox_u64 (out, process->start_time);
  outbox_u64 (out, process->started_at);
  outbox_end (out);
}

/* It died without a word: the signal says why (a kill, the OOM killer, the seccomp filter). */
static void explain_death (struct process *process) {
  if (process->failed)
    return;
  struct failure *failure = &process->failure;
  *failure = (struct failure){ .step = NO_STEP, .error = ECHILD, .name = "start", .call = "waitid" };
  char *end = put_text (failure->object, "child ended before exec");
  if (process->reaped)
    take_status (process);
  if (process->reaped && WIFSIGNALED (process->wait_status))
    put_number (put_text (end, " by signal "), (uint64_t)WTERMSIG (process->wait_status));
}

/* Nothing may be left of it when the failure is told. */
static void finish_failure (struct shim *shim, struct process *process) {
  if (process->pid && !process->reaped && !process->killed) {
    kill (process->pid, SIGKILL); /* not reaped, so it is no other */
    process->killed = true;
  }
  if ((process->helper && !process->helper_ended) || (process->pid && !process->reaped))
    return;
  explain_death (process);
  report_failure (shim, process->number, &process->failure);
  process->failure_sent = true;
}

void advance_start (struct shim *shim, struct process *process) {
  if (process->sync.readable || process->reaped)
    read_messages (shim, process);
  if (process->sync.fd >= 0 && !process->failed)
    return;
  if (process->executing && !process->failed && process->pid)
    started (shim, process);
  else
    finish_failure (shim, process);
}
