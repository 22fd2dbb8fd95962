/*
 * The process becomes the init, pid 1 of the container, and its clone becomes the program. This is the step before exec,
 * so both are already as confined as the program must be. The program waits for INIT_READY from the init: before the init is
 * executed, /proc/1 shows the shim and is closed, and if it cannot be executed, the program must not have run.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include "base/syscalls.h"
#include "init/init.h"
#include "step.h"

/* Only the program may have its stdin open, or the writer would not notice that it closed it. */
static int arrange_fds (struct child *child) {
  if (child->idle >= 0 && dup3 (child->idle, 0, 0) < 0)
    return fail (child, "dup3", "init");
  return fcntl (child->status, F_SETFD, 0) < 0 ? fail (child, "fcntl", "init") : 0;
}

/* All signals stay blocked, as in the shim, so that none is lost before the init waits for them. */
static __attribute__ ((noreturn)) void be_init (struct child *child, long program) {
  if (program != INIT_PROGRAM)
    fail_with (child, ERANGE, "clone", "init");
  else if (kill (INIT_PROGRAM, 0) < 0) /* a seccomp filter: the init could not wake the program */
    fail (child, "kill", "init");
  else if (prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
    fail (child, "prctl", "init");
  else if (arrange_fds (child) == 0) {
    char **argv = child->launch->init_argv;
    argv[0] = (char *)INIT_NAME; /* `ps` shows it with the program that it is the init of */
    argv[1] = (char *)"--";
    sys_execveat (child->init, argv, child->launch->envp);
    fail (child, "execveat", "init");
  }
  give_up (child);
}

/* Every signal is blocked, so none is lost. If the init dies, so does this process. */
static int await_init (struct child *child) {
  const uint64_t ready = 1ull << (INIT_READY - 1);
  return RETRY (sys_sigtimedwait (&ready)) < 0 ? fail (child, "rt_sigtimedwait", "init") : 0;
}

int step_init (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  long pid = sys_clone (SIGCHLD);
  if (pid < 0)
    return fail (child, "clone", "init");
  if (pid > 0)
    be_init (child, pid);
  return await_init (child);
}
