#include "reap.h"
#include <errno.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include "base/syscalls.h"
#include "network.h"

static void note (struct shim *shim, pid_t pid, int status) {
  for (struct process *process = shim->processes; process; process = process->next) {
    if (process->helper == pid && !process->helper_ended) {
      process->helper_ended = true;
      process->sync.readable = true; /* it may have sent messages before its end */
    } else if (process->pid == pid && !process->reaped) {
      process->reaped = true;
      process->wait_status = status;
      process->exited_at = wall_ns ();
    } else
      continue;
    return;
  }
  network_note (shim, pid, status);
}

static void reap_one (struct shim *shim, pid_t pid) {
  int status;
  if (pid && RETRY (waitpid (pid, &status, WNOHANG)) == pid)
    note (shim, pid, status);
}

static void reap_known (struct shim *shim) {
  if (!shim->network.starter_ended)
    reap_one (shim, shim->network.starter);
  for (struct process *process = shim->processes; process; process = process->next) {
    if (!process->helper_ended)
      reap_one (shim, process->helper);
    if (!process->reaped)
      reap_one (shim, process->pid);
  }
}

/* A child whose pid is still in a message from its helper must not be mistaken for an orphan. */
static bool awaits_pid (const struct shim *shim) {
  for (const struct process *process = shim->processes; process; process = process->next)
    if (process->phase == STARTING && !process->pid && process->sync.fd >= 0)
      return true;
  return false;
}

void reap_children (struct shim *shim) {
  struct signalfd_siginfo info[8];
  ssize_t got = 0;
  while (shim->signals.readable && (got = RETRY (read (shim->signals.fd, info, sizeof info))) > 0)
    ;
  /* While a SIGCHLD is pending, another one causes no event, so all must be read. */
  shim->signals.readable = got < 0 && errno != EAGAIN;
  shim->reap_again = false;
  if (awaits_pid (shim)) {
    reap_known (shim); /* the rest once the pid is known: reap_again */
    return;
  }
  int status;
  pid_t pid;
  while ((pid = RETRY (waitpid (-1, &status, WNOHANG))) > 0)
    note (shim, pid, status);
}
