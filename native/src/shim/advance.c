#include "advance.h"
#include "ending.h"
#include "input.h"
#include "starting.h"
#include "stream.h"

void advance_process (struct shim *shim, struct process *process) {
  if (process->phase == STARTING)
    advance_start (shim, process);
  /* The helper is in the cgroup of its exec: once the exit is reported, likerd removes the cgroup. */
  bool is_gone = process->reaped && (!process->helper || process->helper_ended);
  if (process->phase == RUNNING && is_gone)
    begin_drain (process);
  if (process->failure_sent)
    return;
  input_pump (shim, process);
  stream_pump (shim, process, &process->out[0]);
  stream_pump (shim, process, &process->out[1]);
  if (process->phase == DRAINING)
    advance_drain (shim, process);
  if (process->phase == ENDED)
    announce_exit (shim, process);
}
