#include "processes.h"
#include <stdlib.h>
#include "base/cleanup.h"
#include "connection.h"
#include "input.h"
#include "ring.h"

/* The link that points to the process with this number, or the last one. */
static struct process **find_link (struct shim *shim, uint32_t number) {
  struct process **link = &shim->processes;
  while (*link && (*link)->number != number)
    link = &(*link)->next;
  return link;
}

struct process *find_process (struct shim *shim, uint32_t number) { return *find_link (shim, number); }

struct process *new_process (struct shim *shim, uint32_t number, const struct launch *launch) {
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

void add_process (struct shim *shim, struct process *process) { *find_link (shim, process->number) = process; }

void forget_process (struct shim *shim, struct process *process) {
  *find_link (shim, process->number) = process->next;
  process->in.closed = true; /* no acknowledgement for a process that the daemon knows no more */
  input_end (shim, process);
  clients_close (shim, process);
  for (int i = 0; i < 2; i++) {
    source_close (&process->out[i].source, shim->epoll);
    ring_free (&process->out[i]);
  }
  source_close (&process->sync, shim->epoll);
  close_fd (&process->status);
  close_fd (&process->pidfd);
  free (process);
}
