#include "process.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

void fail_start (struct process *process, const char *call) {
  if (process->failed)
    return;
  process->failure = (struct failure){ .step = NO_STEP, .error = errno, .name = "start" };
  strncpy (process->failure.call, call, sizeof process->failure.call - 1);
  process->failed = true;
}

void hold_mounts (struct shim *shim, const struct process *process) {
  if (process->number != 0 || process->pid <= 0 || shim->mounts >= 0)
    return;
  char path[64];
  put_text (put_number (put_text (path, "/proc/"), (uint64_t)process->pid), "/ns/mnt");
  shim->mounts = open (path, O_RDONLY | O_CLOEXEC);
}

/* A wait status that a process can end with. */
static bool is_end (int status) {
  return WIFEXITED (status) || (WIFSIGNALED (status) && WTERMSIG (status) <= KERNEL_SIGNALS);
}

/* Another process with the init's rights can take the socket from it, but the kernel names that sender. */
void take_status (struct process *process) {
  struct sync_message message;
  struct sync_envelope envelope;
  for (int i = 0; process->status >= 0 && i < MESSAGES_MAX; i++) {
    if (sync_receive (process->status, &message, &envelope) <= 0)
      break;
    close_fd (&envelope.fd);
    if (envelope.sender == process->pid && message.kind == SYNC_STATUS && is_end (message.pid))
      process->wait_status = message.pid & 0xffff;
  }
  close_fd (&process->status);
}

int exit_code (const struct process *process) {
  int status = process->wait_status;
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int exit_signal (const struct process *process) {
  return WIFSIGNALED (process->wait_status) ? WTERMSIG (process->wait_status) : 0;
}

bool exit_core (const struct process *process) {
  return WIFSIGNALED (process->wait_status) && WCOREDUMP (process->wait_status);
}

/* The shim is in the host's pid namespace, so TIOCGPGRP gives it the host's number. */
static bool signal_foreground (const struct process *process, int signal) {
  int master = process->out[0].source.fd;
  pid_t group = 0;
  if (!process->tty || master < 0 || ioctl (master, TIOCGPGRP, &group) < 0 || group <= 1)
    return false;
  return kill (-group, signal) == 0;
}

void signal_process (struct process *process, int signal, bool foreground) {
  if (process->reaped || (foreground && signal_foreground (process, signal)))
    return;
  if (process->pidfd < 0)
    process->pending_signal = signal;
  else
    sys_pidfd_send_signal (process->pidfd, signal);
}

void resize_process (struct process *process, const struct winsize *size) {
  if (!process->tty)
    return;
  if (process->out[0].source.fd >= 0)
    ioctl (process->out[0].source.fd, TIOCSWINSZ, size);
  else if (process->phase == STARTING) {
    process->size = *size;
    process->resized = true;
  }
}
