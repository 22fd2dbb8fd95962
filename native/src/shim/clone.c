#include "clone.h"
#include <fcntl.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "init/binary.h"
#include "steps/begin.h"
#include "steps/cgroup_clone.h"

#define STDIN_PIPE_SIZE (256 << 10)

/* The child's side of the sockets and pipes in `struct born`. */
static void close_ends (struct child *child) {
  close_fd (&child->sync);
  close_fd (&child->status);
  close_fd (&child->init);
  close_fd (&child->in);
  close_fd (&child->out);
  close_fd (&child->err);
  close_fd (&child->cgroup);
}

static void close_born (struct born *born) {
  close_fd (&born->sync);
  close_fd (&born->status);
  close_fd (&born->in);
  close_fd (&born->out);
  close_fd (&born->err);
  close_fd (&born->pidfd);
}

/* A pipe. The shim's end is non-blocking. */
static int open_pipe (int *shim_end, int *child_end, bool shim_writes) {
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  *shim_end = ends[shim_writes];
  *child_end = ends[!shim_writes];
  return fcntl (*shim_end, F_SETFL, O_NONBLOCK);
}

/* The call with which open_ends failed. */
static const char *failed_end (const struct launch *launch, const struct child *child) {
  if (child->sync < 0 || (launch->has_init && child->status < 0))
    return "socketpair";
  return launch->has_init && child->init < 0 ? "memfd_create" : "pipe2";
}

static int open_ends (const struct launch *launch, struct born *born, struct child *child) {
  if (sync_pair (&born->sync, &child->sync) < 0)
    return -1;
  if (launch->has_init && (sync_pair (&born->status, &child->status) < 0 || (child->init = init_binary ()) < 0))
    return -1;
  if (launch->tty)
    return 0;
  if (launch->open_stdin) {
    if (open_pipe (&born->in, &child->in, true) < 0)
      return -1;
    /* A larger pipe needs fewer context switches. A failure does no harm. */
    fcntl (born->in, F_SETPIPE_SZ, STDIN_PIPE_SIZE);
  }
  if (open_pipe (&born->out, &child->out, false) < 0)
    return -1;
  return open_pipe (&born->err, &child->err, false);
}

/* Where the helper clones with them, or enters another user namespace first, the new namespaces are not its own. */
static uint64_t new_namespaces (const struct child *child, bool helper) {
  bool later = helper && (!child->enters_last || child->launch->enters_user);
  return later ? 0 : child->launch->clone_flags;
}

/* Returns in the shim only: the child has a copy of this memory. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes the pidfd */
static long clone_child (struct child *child, bool helper, int *pidfd) {
  struct clone_args args = {
    .flags = CLONE_PIDFD | new_namespaces (child, helper),
    .pidfd = (uint64_t)(uintptr_t)pidfd,
    .exit_signal = SIGCHLD,
  };
  long pid = child->outside ? sys_clone3 (&args) : clone_into_cgroup (child, &args);
  if (pid != 0)
    return pid;
  if (helper)
    be_helper (child);
  be_process (child);
}

int launch_clone (const struct launch *launch, int main_pidfd, struct born *born, struct failure *failure) {
  __attribute__ ((cleanup (close_ends))) struct child child = {
    .launch = launch,
    .steps = launch->steps,
    .enters_last = launch->join_main || launch->join_pid,
    .uid = launch->uid,
    .gid = launch->gid,
    .failure = { .step = NO_STEP, .name = "clone" },
  };
  clear_fds (&child);
  if (launch->join_main)
    child.main_pidfd = main_pidfd;
  *born = (struct born){ .pidfd = -1, .sync = -1, .status = -1, .in = -1, .out = -1, .err = -1 };
  bool helper = child.enters_last || launch->needs_helper;
  child.outside = helper && !child.enters_last;
  long pid = -1;
  if (open_ends (launch, born, &child) < 0)
    fail (&child, failed_end (launch, &child), "");
  else
    pid = clone_child (&child, helper, &born->pidfd);
  if (pid < 0 && !child.failure.error)
    fail (&child, "clone3", "");
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
