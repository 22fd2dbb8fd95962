/* fd 0, 1 and 2 of the program. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "step.h"

static int take_terminal (struct child *child) {
  for (int fd = 0; fd < 3; fd++)
    if (dup3 (child->slave, fd, 0) < 0)
      return fail (child, "dup3", "terminal");
  return 0;
}

/*
 * An empty stdin: the container's own /dev/null, so that a change of its mode does not affect the host's. If the
 * container has none, a pipe without a writer.
 */
static int open_empty (struct child *child) {
  struct stat st;
  cleanup_fd int found = in_root_open (child->root, "/dev/null", O_PATH | O_NOFOLLOW);
  if (found >= 0 && fstat (found, &st) == 0 && S_ISCHR (st.st_mode) && st.st_rdev == makedev (1, 3)) {
    int null = in_root_open (child->root, "/dev/null", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (null >= 0 && fstat (null, &st) == 0 && st.st_rdev == makedev (1, 3) && fcntl (null, F_SETFL, 0) == 0)
      return null;
    close_fd (&null);
  }
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return fail (child, "pipe2", "stdin");
  close (ends[1]);
  return ends[0];
}

static int take_pipes (struct child *child) {
  bool piped = child->in >= 0;
  if (!piped)
    child->in = open_empty (child);
  if (child->in < 0)
    return -1;
  /* The program's user must be able to reopen /dev/stdout. */
  const int pipes[] = { piped ? child->in : -1, child->out, child->err };
  for (int i = 0; i < 3 && (child->uid || child->gid); i++)
    if (pipes[i] >= 0 && fchown (pipes[i], child->uid, child->gid) < 0)
      return fail (child, "fchown", "pipe");
  if (piped && child->launch->has_init) {
    child->idle = open_empty (child);
    if (child->idle < 0)
      return -1;
  }
  if (dup3 (child->in, 0, 0) < 0 || dup3 (child->out, 1, 0) < 0 || dup3 (child->err, 2, 0) < 0)
    return fail (child, "dup3", "pipe");
  return 0;
}

int step_stdio (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  if (child->launch->tty && child->slave < 0)
    return fail_with (child, ENOTTY, "dup3", "terminal");
  return child->launch->tty ? take_terminal (child) : take_pipes (child);
}
