/* In the place of exec: a process that only is there, so that its root and its mounts can be used. */
#include <unistd.h>
#include "base/syscalls.h"
#include "step.h"

/* All signals are blocked but SIGKILL, which it gets when the shim ends (PR_SET_PDEATHSIG). */
int step_hold (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  if (sync_send (child->sync, SYNC_EXEC, 0) < 0)
    return fail (child, "write", "sync");
  if (sys_close_range (3, ~0u, 0) < 0)
    _exit (125);
  for (;;)
    pause ();
}
