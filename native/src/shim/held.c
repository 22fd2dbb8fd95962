#include "held.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* They were not close-on-exec when the shim was started, or it would not have them. */
int held_begin (struct shim *shim) {
  while (fcntl (FIRST_HELD + (int)shim->held, F_SETFD, FD_CLOEXEC) == 0)
    shim->held++;
  return errno == EBADF ? 0 : -1;
}

void held_let_go (struct shim *shim) {
  while (shim->held)
    close (FIRST_HELD + (int)--shim->held);
}
