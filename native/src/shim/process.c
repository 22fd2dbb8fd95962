/* A process from its clone to its end. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "include/protocol.h"
#include "shim.h"

struct process *find_process (struct shim *shim, uint32_t number) {
  struct process *process = shim->processes;
  while (process && process->number != number)
    process = process->next;
  return process;
}

static void free_process (struct shim *shim, struct process *process) {
  input_end (shim, process);
  stream_free (shim, &process->out[0]);
  stream_free (shim, &process->out[1]);
  source_close (&process->sync, shim->epoll);
  close_fd (&process->status);
  close_fd (&process->pidfd);
  free (process);
}

void forget_process (struct shim *shim, struct process *process) {
  struct process **link = &shim->processes;
  while (*link != process)
    link = &(*link)->next;
  *link = process->next;
  process->in.closed = true; /* nobody is told any more */
  free_process (shim, process);
}

static void append (struct shim *shim, struct process *process) {
  struct process **link = &shim->processes;
  while (*link)
    link = &(*link)->next;
  *link = process;
}

void fail_start (struct process *process, const char *call) {
  if (process->failed)
    return;
  process->failure = (struct failure){ .step = NO_STEP, .error = errno, .name = "start" };
  strncpy (process->failure.call, call, sizeof process->failure.call - 1);
  process->failed = true;
}

static void watch (struct shim *shim, struct process *process, struct source *source, int fd) {
  if (fd >= 0 && source_open (source, shim->epoll, fd) < 0)
    fail_start (process, "epoll_ctl");
}

static void take_born (struct shim *shim, struct process *process, struct born *born) {
  process->pid = born->pid;
  hold_mounts (shim, process);
  process->pidfd = born->pidfd;
  process->helper = born->helper;
  process->status = born->status;
  process->start_time = born->pid ? process_start_time (born->pid) : 0;
  if (born->pid && !process->start_time)
    fail_start (process, "open");
  watch (shim, process, &process->sync, born->sync);
  watch (shim, process, &process->in.source, born->in);
  watch (shim, process, &process->out[0].source, born->out);
  watch (shim, process, &process->out[1].source, born->err);
}

static struct process *new_process (struct shim *shim, uint32_t number, const struct launch *launch) {
  struct process *process = calloc (1, sizeof *process);
  if (!process)
    return NULL;
  process->number = number;
  process->phase = STARTING;
  process->tty = launch->tty;
  process->pidfd = process->status = -1;
  process->sync = process->in.source = NO_SOURCE;
  process->in.last = &process->in.first;
  process->in.closed = !launch->tty && !launch->open_stdin;
  for (int i = 0; i < 2; i++)
    process->out[i] = (struct stream){ .number = (uint8_t)(i + 1),
                                       .source = NO_SOURCE,
                                       .eof = launch->tty && i == 1,
                                       .ring_size = shim->ring_size,
                                       .limit = launch->window ? launch->window : NO_BOUND };
  return process;
}

/*
 * Unmounting an overlay writes its layer's file system to the disk (overlayfs.rst, "Volatile mount"), and the last
 * process of a mount namespace unmounts. Held here, that comes after the end was told, not before.
 */
void hold_mounts (struct shim *shim, const struct process *process) {
  if (process->number != 0 || process->pid <= 0 || shim->mounts >= 0)
    return;
  char path[64];
  put_text (put_number (put_text (path, "/proc/"), (uint64_t)process->pid), "/ns/mnt");
  shim->mounts = open (path, O_RDONLY | O_CLOEXEC);
}

/* What cannot be cloned is reported at once; all else is told by the child. */
void start_process (struct shim *shim, uint32_t number, const struct launch *launch) {
  struct failure failure = { .step = NO_STEP, .error = ENOMEM, .name = "start", .call = "malloc" };
  struct process *main = shim->processes;
  struct process *process = new_process (shim, number, launch);
  struct born born;
  if (process && launch_clone (launch, main ? main->pidfd : -1, &born, &failure) == 0) {
    take_born (shim, process, &born);
    append (shim, process);
    return;
  }
  free (process);
  report_failure (shim, number, &failure);
}

/*
 * The main process ends after the execs that end with it. Without a private pid namespace execs may outlive
 * it; nobody waits for those.
 */
static bool must_wait (const struct process *process, bool until_told) {
  if (process->number)
    return false;
  for (const struct process *other = process->next; other; other = other->next)
    if (other->reaped && (other->phase != ENDED || (until_told && !other->exit_sent)))
      return true;
  return false;
}

/* The pipe or terminal is still held open; is there something in it that a bound keeps us from reading? */
static bool is_held_back (const struct shim *shim, const struct stream *stream) {
  struct pollfd ready = { .fd = stream->source.fd, .events = POLLIN };
  return stream_room (shim, stream) == 0 && poll (&ready, 1, 0) > 0 && ready.revents & POLLIN;
}

/*
 * Others may hold the output open for ever (T20, T25): after a time of silence it is cut, and in the end even if they
 * go on writing or a client has stopped reading.
 */
static void drain (struct shim *shim, struct process *process) {
  bool over = now_ms () >= process->drain_at + DRAIN_TOTAL_MS;
  for (int i = 0; i < 2; i++) {
    struct stream *stream = &process->out[i];
    if (stream->eof || stream->source.fd < 0) {
      stream->eof = true;
      continue;
    }
    uint64_t since = stream->read_at > process->drain_at ? stream->read_at : process->drain_at;
    if (!over && now_ms () < since + DRAIN_IDLE_MS)
      continue;
    if (!over && is_held_back (shim, stream)) {
      stream->read_at = now_ms ();
      continue;
    }
    stream->eof = true;
    process->cut = true;
  }
}

/* Closing the master hangs up the terminal for every process that still has it. Processes left by an exec keep its pipes. */
static void end_process (struct shim *shim, struct process *process) {
  input_end (shim, process);
  for (int i = 0; i < 2; i++) {
    if (process->number && !process->tty)
      sink_take (shim, &process->out[i].source);
    source_close (&process->out[i].source, shim->epoll);
  }
  if (process->number == 0) {
    log_end (&shim->log);
    tell_lost (shim);
  }
  record_write (shim, process);
  process->phase = ENDED;
}

/* The daemon hears of the end after the last byte (T24), and of the main process after the others. */
static void announce_exit (struct shim *shim, struct process *process) {
  struct outbox *out = daemon_out (shim);
  bool all_sent =
    process->out[0].sent == process->out[0].produced && process->out[1].sent == process->out[1].produced;
  if (!out || process->exit_sent || !all_sent || must_wait (process, true))
    return;
  outbox_begin (out, SHIM_EXIT, 0, process->number);
  exit_put (out, process);
  outbox_end (out);
  process->exit_sent = true;
}

/* A status that a process may end with. */
static bool is_end (int status) {
  return WIFEXITED (status) || (WIFSIGNALED (status) && WTERMSIG (status) <= KERNEL_SIGNALS);
}

/*
 * The init reports the status of its child; if it was killed, its own status counts. A process with its rights can take its socket,
 * but a message that it sends does not come from the init.
 */
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

static void begin_drain (struct process *process) {
  take_status (process);
  process->phase = DRAINING;
  process->drain_at = now_ms ();
  process->out[0].extra = process->out[1].extra = DRAIN_EXTRA_BYTES;
  process->out[0].source.readable = process->out[1].source.readable = true;
}

void advance_process (struct shim *shim, struct process *process) {
  if (process->phase == STARTING)
    advance_start (shim, process);
  if (process->phase == RUNNING && process->reaped)
    begin_drain (process);
  if (process->failure_sent)
    return;
  input_pump (shim, process);
  stream_pump (shim, process, &process->out[0]);
  stream_pump (shim, process, &process->out[1]);
  if (process->phase == DRAINING) {
    drain (shim, process);
    if (process->out[0].eof && process->out[1].eof && !must_wait (process, false))
      end_process (shim, process);
  }
  if (process->phase == ENDED)
    announce_exit (shim, process);
}

/* The number of a terminal's foreground group is one of the host, where the shim is. */
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
