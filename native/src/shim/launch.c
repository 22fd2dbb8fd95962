/*
 * Clones a process for a plan. Without namespaces to join: one clone3, into the cgroup. With them: a helper
 * enters the namespaces and clones the process with CLONE_PARENT, so that it is the shim's own child.
 *
 * A process in a pid namespace can be traced there by others that have CAP_SYS_PTRACE, and made to do whatever it may do.
 * So no process with more rights than its program is ever in a namespace where programs run: a new namespace is
 * empty until the exec; where others run already, the helper stays outside until it is confined, and clones last.
 */
#define _GNU_SOURCE
#include "launch.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "init/binary.h"
#include "steps/child.h"

#define STDIN_PIPE_SIZE (256 << 10)

/* The child's side of what `struct born` has the shim's side of. */
struct child_ends {
  int sync, status, init, in, out, err;
};

static void close_ends (struct child_ends *ends) {
  close_fd (&ends->sync);
  close_fd (&ends->status);
  close_fd (&ends->init);
  close_fd (&ends->in);
  close_fd (&ends->out);
  close_fd (&ends->err);
}

static void close_born (struct born *born) {
  close_fd (&born->sync);
  close_fd (&born->status);
  close_fd (&born->in);
  close_fd (&born->out);
  close_fd (&born->err);
  close_fd (&born->pidfd);
}

/* A pipe whose shim's end does not block. */
static int open_pipe (int *shim_end, int *child_end, bool shim_writes) {
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  *shim_end = ends[shim_writes];
  *child_end = ends[!shim_writes];
  return fcntl (*shim_end, F_SETFL, O_NONBLOCK);
}

/* What open_ends was about to do when it failed. */
static const char *failed_end (const struct launch *launch, const struct child_ends *ends) {
  if (ends->sync < 0 || (launch->has_init && ends->status < 0))
    return "socketpair";
  return launch->has_init && ends->init < 0 ? "memfd_create" : "pipe2";
}

static int open_ends (const struct launch *launch, struct born *born, struct child_ends *ends) {
  if (sync_pair (&born->sync, &ends->sync) < 0)
    return -1;
  if (launch->has_init && (sync_pair (&born->status, &ends->status) < 0 || (ends->init = init_binary ()) < 0))
    return -1;
  if (launch->tty)
    return 0;
  if (launch->open_stdin) {
    if (open_pipe (&born->in, &ends->in, true) < 0)
      return -1;
    /* Fewer switches between the two that write and read; without it the pipe works all the same. */
    fcntl (born->in, F_SETPIPE_SZ, STDIN_PIPE_SIZE);
  }
  if (open_pipe (&born->out, &ends->out, false) < 0)
    return -1;
  return open_pipe (&born->err, &ends->err, false);
}

/* Closes every fd above 2 but those that are kept: what the shim has open never comes near the container. */
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

static __attribute__ ((noreturn)) void give_up (struct child *child) {
  sync_send_failure (child->sync, &child->failure);
  _exit (125);
}

/* Where CLONE_INTO_CGROUP was refused. */
static int enter_cgroup (struct child *child) {
  if (child->cgroup < 0)
    return 0;
  if (RETRY (write (child->cgroup, "0\n", 2)) != 2)
    return fail (child, "write", "cgroup.procs");
  close_fd (&child->cgroup);
  return 0;
}

static __attribute__ ((noreturn)) void be_process (struct child *child) {
  if (start_child (child) == 0 && enter_cgroup (child) == 0)
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
  return 0;
}

/* The child of the helper goes on; it is the shim's own. clone3 wants no exit signal here: the child gets the helper's. */
static void leave_child (struct child *child, long pid) {
  if (pid < 0)
    fail (child, child->enters_last ? "clone" : "clone3", "");
  else if (sync_send (child->sync, SYNC_PID, (pid_t)pid) == 0)
    _exit (0);
  else {
    fail (child, "write", "sync");
    kill ((pid_t)pid, SIGKILL); /* nobody would know of it */
  }
  give_up (child);
}

void enter_last (struct child *child) {
  long pid = sys_clone (CLONE_PARENT);
  if (pid != 0)
    leave_child (child, pid);
}

/* A setns changes the root: what names files of the host comes before it. */
static __attribute__ ((noreturn)) void be_helper (struct child *child) {
  if (start_child (child) < 0 || enter_cgroup (child) < 0 || run_leading_steps (child) < 0)
    give_up (child);
  strcpy (child->failure.name, "join");
  child->failure.step = NO_STEP;
  if (join_namespaces (child) < 0)
    give_up (child);
  if (!child->enters_last) {
    struct clone_args args = { .flags = child->launch->clone_flags | CLONE_PARENT };
    long pid = sys_clone3 (&args);
    if (pid != 0)
      leave_child (child, pid);
    if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
      fail (child, "prctl", "");
      give_up (child);
    }
  }
  run_steps (child);
  give_up (child);
}

/* Reasons for the kernel to refuse CLONE_INTO_CGROUP where a write to cgroup.procs may do. */
static bool is_cgroup_refusal (int error) {
  return error == EBUSY || error == E2BIG || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS;
}

static int open_cgroup (const char *folder, const char *file) {
  cleanup_fd int at = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0 || !file)
    return steal_fd (&at);
  return openat (at, file, O_WRONLY | O_CLOEXEC);
}

/* The child's own memory: its pid is 0 there. */
static long clone_once (struct child *child, bool helper, int cgroup, int *pidfd) {
  struct clone_args args = {
    .flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0) |
             (helper && !child->enters_last ? 0 : child->launch->clone_flags),
    .pidfd = (uint64_t)(uintptr_t)pidfd,
    .exit_signal = SIGCHLD,
    .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
  };
  long pid = sys_clone3 (&args);
  if (pid != 0)
    return pid;
  if (helper)
    be_helper (child);
  be_process (child);
}

static long clone_child (struct child *child, bool helper, int *pidfd) {
  const char *folder = child->launch->cgroup2;
  if (!*folder)
    return clone_once (child, helper, -1, pidfd);
  cleanup_fd int cgroup = open_cgroup (folder, NULL);
  if (cgroup < 0)
    return fail (child, "open", folder);
  long pid = clone_once (child, helper, cgroup, pidfd);
  if (pid >= 0 || !is_cgroup_refusal (errno))
    return pid;
  cleanup_fd int procs = open_cgroup (folder, "cgroup.procs");
  if (procs < 0)
    return fail (child, "open", folder);
  child->cgroup = procs;
  return clone_once (child, helper, -1, pidfd);
}

int launch_clone (const struct launch *launch, int main_pidfd, struct born *born, struct failure *failure) {
  __attribute__ ((cleanup (close_ends))) struct child_ends ends = { -1, -1, -1, -1, -1, -1 };
  struct child child = { .launch = launch,
                         .steps = launch->steps,
                         .main_pidfd = launch->join_main ? main_pidfd : -1,
                         .enters_last = launch->join_main || launch->join_pid,
                         .cgroup = -1,
                         .root = -1,
                         .idle = -1,
                         .slave = -1,
                         .masked = -1,
                         .sysctls = -1,
                         .null = -1,
                         .files = -1,
                         .uid = launch->uid,
                         .gid = launch->gid };
  *born = (struct born){ .pidfd = -1, .sync = -1, .status = -1, .in = -1, .out = -1, .err = -1 };
  child.failure.step = NO_STEP;
  strcpy (child.failure.name, "clone");
  bool helper = child.enters_last || launch->joins;
  long pid = -1;
  if (open_ends (launch, born, &ends) < 0)
    fail (&child, failed_end (launch, &ends), "");
  else {
    child.sync = ends.sync;
    child.status = ends.status;
    child.init = ends.init;
    child.in = ends.in;
    child.out = ends.out;
    child.err = ends.err;
    pid = clone_child (&child, helper, &born->pidfd);
    if (pid < 0 && !child.failure.error)
      fail (&child, "clone3", "");
  }
  if (pid < 0) {
    *failure = child.failure;
    close_born (born);
    return -1;
  }
  if (helper) {
    born->helper = (pid_t)pid;
    close_fd (&born->pidfd);
  } else
    born->pid = (pid_t)pid;
  return 0;
}
