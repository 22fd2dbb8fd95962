/*
 * The init: the first process of the container. It forwards signals to its child, reaps whatever is left to
 * it, and ends when the child ends. It holds nothing but a pipe, on which it tells the child's wait status.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "base/syscalls.h"
#include "child.h"

#define BIT(signal) (1ull << ((signal)-1))

/* With all else dropped, a program in the container gains nothing by taking it over. */
static int drop_privileges (struct child *child) {
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2] = { 0 };
  data[0].effective = data[0].permitted = 1u << CAP_KILL;
  if (sys_capset (&header, data) < 0)
    return fail (child, "capset", "init");
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0 ||
      prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return fail (child, "prctl", "init");
  return chdir ("/") < 0 ? fail (child, "chdir", "/") : 0;
}

static void take_name (char *title) {
  prctl (PR_SET_NAME, "liker-init", 0, 0, 0);
  if (title && strlen (title) >= sizeof "liker-init" - 1)
    memcpy (title, "liker-init", sizeof "liker-init" - 1);
}

/* Keeps only the status pipe, at fd 0. */
static int close_all_but (struct child *child, int status) {
  if (status > 0 && dup3 (status, 0, O_CLOEXEC) < 0)
    return fail (child, "dup3", "init");
  return sys_close_range (1, ~0u, 0) < 0 ? fail (child, "close_range", "init") : 0;
}

static int shell_code (int status) {
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

/* Ends the init when the child is among the dead. */
static void reap (pid_t child) {
  int status;
  pid_t dead;
  while ((dead = RETRY (waitpid (-1, &status, WNOHANG))) > 0)
    if (dead == child) {
      (void)!write (0, &status, sizeof status);
      _exit (shell_code (status));
    }
  if (dead < 0)
    _exit (125); /* there is nobody left to wait for */
}

/*
 * Blocked signals are never ignored (signal(7)), so pid 1 gets here even those whose default is to ignore.
 * What the hardware raises stays unblocked.
 */
static __attribute__ ((noreturn)) void be_init (struct child *child, pid_t pid) {
  const uint64_t own =
    BIT (SIGSEGV) | BIT (SIGBUS) | BIT (SIGILL) | BIT (SIGFPE) | BIT (SIGTRAP) | BIT (SIGSYS);
  const uint64_t ignored = BIT (SIGTTIN) | BIT (SIGTTOU) | BIT (SIGTSTP);
  const uint64_t waited = ~own;
  sys_sigprocmask (SIG_SETMASK, &waited, NULL);
  take_name (child->title);
  /* In this order: a failure can be told as long as the sync socket is open. */
  if (drop_privileges (child) < 0 || close_all_but (child, child->status) < 0) {
    sync_send_failure (child->sync, &child->failure);
    _exit (125);
  }
  for (;;) {
    reap (pid);
    int signal = RETRY (sys_sigtimedwait (&waited));
    if (signal > 0 && signal != SIGCHLD && !(BIT (signal) & ignored))
      kill (pid, signal);
  }
}

int step_init (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  struct clone_args args = { .exit_signal = SIGCHLD };
  long pid = sys_clone3 (&args);
  if (pid < 0)
    return fail (child, "clone3", "init");
  if (pid > 0)
    be_init (child, (pid_t)pid);
  /* The kernel's choice for a clone is to forget it. */
  return prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? fail (child, "prctl", "") : 0;
}
