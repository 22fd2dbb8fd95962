#include "begin.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "cgroup_clone.h"
#include "helper.h"
#include "inner.h"
#include "steps.h"

/* Closes every fd above 2 except those to keep: no file of the shim may come near the container. */
static int close_others (const int *kept, size_t count) {
  unsigned from = 3;
  for (;;) {
    unsigned next = ~0u;
    for (size_t i = 0; i < count; i++)
      if (kept[i] >= 0 && (unsigned)kept[i] >= from && (unsigned)kept[i] < next)
        next = (unsigned)kept[i];
    if (next == ~0u)
      return sys_close_range (from, ~0u, 0);
    if (next > from && sys_close_range (from, next - 1, 0) < 0)
      return -1;
    from = next + 1;
  }
}

static int start_child (struct child *child) {
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fail (child, "prctl", "");
  umask (0);
  const int kept[] = { child->sync, child->main_pidfd, child->cgroup, child->status,
                       child->in,   child->out,        child->err,    child->init };
  return close_others (kept, sizeof kept / sizeof *kept) < 0 ? fail (child, "close_range", "") : 0;
}

void be_process (struct child *child) {
  if (start_child (child) == 0 && enter_cgroups (child) == 0)
    run_steps (child);
  give_up (child);
}

static int join_namespaces (struct child *child) {
  const struct launch *launch = child->launch;
  if (launch->join_pid) {
    cleanup_fd int target = open_same_process (launch->join_pid, launch->join_start_time);
    if (target < 0)
      return fail (child, "pidfd_open", "process to join");
    if (sys_setns (target, CLONE_NEWPID) < 0)
      return fail (child, "setns", "pid namespace");
  }
  if (launch->join_main && sys_setns (child->main_pidfd, (int)launch->join_main) < 0)
    return fail (child, "setns", "container");
  close_fd (&child->main_pidfd);
  return launch->join_main & CLONE_NEWUSER ? become_inner_root (child) : 0;
}

/* A helper that enters another user namespace makes the others there, so that root inside owns them. */
static int unshare_inside (struct child *child) {
  return sys_unshare ((int)child->launch->clone_flags) < 0 ? fail (child, "unshare", "") : 0;
}

/* setns changes the root, so the steps that name files of the host come before it. */
void be_helper (struct child *child) {
  const struct launch *launch = child->launch;
  if (start_child (child) < 0 || enter_cgroups (child) < 0 || run_leading_steps (child) < 0)
    give_up (child);
  strcpy (child->failure.name, "join");
  child->failure.step = NO_STEP;
  if (join_namespaces (child) < 0)
    give_up (child);
  if (launch->enters_user && enter_user (child) < 0)
    give_up (child);
  if (child->enters_last && launch->enters_user && unshare_inside (child) < 0)
    give_up (child);
  if (!child->enters_last && !launch->enters_user && clone_process (child) < 0)
    give_up (child);
  run_steps (child);
  give_up (child);
}
