#include "helper.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "cgroup_clone.h"

void leave_child (struct child *child, long pid) {
  if (pid < 0)
    fail (child, child->enters_last ? "clone" : "clone3", "");
  else if (sync_send (child->sync, SYNC_PID, (pid_t)pid) == 0)
    _exit (0);
  else {
    fail (child, "write", "sync");
    kill ((pid_t)pid, SIGKILL); /* the shim will never learn its pid */
  }
  give_up (child);
}

int clone_process (struct child *child) {
  struct clone_args args = { .flags = child->launch->clone_flags | CLONE_PARENT };
  strcpy (child->failure.name, "clone");
  child->failure.step = NO_STEP;
  child->failure.error = 0;
  long pid = clone_into_cgroup (child, &args);
  if (pid < 0 && child->failure.error)
    give_up (child);
  if (pid != 0)
    leave_child (child, pid);
  return prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? fail (child, "prctl", "") : enter_cgroups (child);
}

/* Without an exit signal of its own: the child of CLONE_PARENT gets the helper's (clone(2)). */
void enter_last (struct child *child) {
  long pid = sys_clone (CLONE_PARENT);
  if (pid != 0)
    leave_child (child, pid);
}
