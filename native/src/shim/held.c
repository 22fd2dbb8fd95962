#include "held.h"
#include <fcntl.h>
#include "base/syscalls.h"

/* They were not close-on-exec when the shim was started, or it would not have them. */
void held_begin (struct shim *shim) {
  while (fcntl (FIRST_HELD + (int)shim->held, F_SETFD, FD_CLOEXEC) == 0)
    shim->held++;
}

void held_let_go (struct shim *shim) {
  if (shim->held)
    sys_close_range (FIRST_HELD, FIRST_HELD + shim->held - 1, 0);
  shim->held = 0;
}
