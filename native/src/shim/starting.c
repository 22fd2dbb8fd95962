#include "starting.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "network.h"
#include "process.h"
#include "report.h"

/* A child that is not reaped yet, so that the pid still belongs to it, and that is no other process of this shim. */
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
  network_connect (shim, process);
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
  if (sync_acknowledge (process->sync.fd) < 0 && errno != EPIPE) /* EPIPE: the child is dead, which is handled elsewhere */
    fail_start (process, "send");
}

/* The child opens its terminal once, before it could be traced. */
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
    take_pid (shim, process, envelope->sender); /* if the helper died before it sent it */
    break;
  case SYNC_NETWORK:
    network_await (shim, process, envelope->sender);
    break;
  case SYNC_DAEMON:
    network_ask (shim, process, envelope->sender);
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
  /* Once the child is dead, a process that still has the socket is another one. */
  if (got == 0 || process->reaped || process->messages == MESSAGES_MAX)
    close_sync (shim, process);
}

/* The child died without a message. The signal hints at the reason: a kill, the OOM killer, the seccomp filter. */
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

/* Nothing of the process may be left when its failure is reported. */
static void finish_failure (struct shim *shim, struct process *process) {
  if (process->pid && !process->reaped && !process->killed) {
    kill (process->pid, SIGKILL); /* it is not reaped, so the pid is still its own */
    process->killed = true;
  }
  if ((process->helper && !process->helper_ended) || (process->pid && !process->reaped))
    return;
  explain_death (process);
  if (process->number == 0)
    network_end (shim);
  report_failure (shim, process->number, &process->failure);
  process->failure_sent = true;
}

void advance_start (struct shim *shim, struct process *process) {
  if (process->sync.readable || process->reaped)
    read_messages (shim, process);
  if (process->sync.fd >= 0 && !process->failed)
    return;
  if (process->executing && !process->failed && process->pid) {
    process->phase = RUNNING;
    process->started_at = wall_ns ();
    report_started (shim, process);
  } else
    finish_failure (shim, process);
}
