#include "start.h"
#include <errno.h>
#include <stdlib.h>
#include "base/procfs.h"
#include "clone.h"
#include "network.h"
#include "process.h"
#include "processes.h"
#include "report.h"

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
  network_connect (shim, process);
}

void start_process (struct shim *shim, uint32_t number, const struct launch *launch) {
  struct failure failure = { .step = NO_STEP, .error = ENOMEM, .name = "start", .call = "malloc" };
  struct process *main = shim->processes;
  struct process *process = new_process (shim, number, launch);
  struct born born;
  if (process && launch_clone (launch, main ? main->pidfd : -1, &born, &failure) == 0) {
    take_born (shim, process, &born);
    add_process (shim, process);
    return;
  }
  free (process);
  report_failure (shim, number, &failure);
}
