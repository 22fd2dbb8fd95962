/*
 * The init: it becomes the first process of the container, and a clone of it the program. It is the step before exec, so
 * both are as confined by then as the program is to be.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include "base/syscalls.h"
#include "child.h"
#include "init/init.h"

/* Only the program may hold its stdin, or the writer would not notice its end. */
static int arrange_fds (struct child *child) {
  if (child->idle >= 0 && dup3 (child->idle, 0, 0) < 0)
    return fail (child, "dup3", "init");
  return fcntl (child->status, F_SETFD, 0) < 0 ? fail (child, "fcntl", "init") : 0;
}

/* All signals stay blocked, as the shim has them, so that none is lost on the way. */
static __attribute__ ((noreturn)) void be_init (struct child *child, long program) {
  if (program != INIT_PROGRAM)
    fail_with (child, ERANGE, "clone", "init");
  else if (prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
    fail (child, "prctl", "init");
  else if (arrange_fds (child) == 0) {
    sys_execveat (child->init, child->launch->init_argv, child->launch->envp);
    fail (child, "execveat", "init");
  }
  sync_send_failure (child->sync, &child->failure);
  _exit (125);
}

int step_init (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  long pid = sys_clone (SIGCHLD);
  if (pid < 0)
    return fail (child, "clone", "init");
  if (pid > 0)
    be_init (child, pid);
  return 0;
}
