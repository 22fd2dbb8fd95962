#include "inner.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "cgroup_clone.h"
#include "steps.h"

/* The kernel passes at most 253 with one message (SCM_MAX_FD). */
#define PARCEL_FDS 200u

/* Some of what is held, in a message with the descriptors. */
struct parcel {
  uint32_t held_count; /* of all that is held */
  uint32_t count;
  bool last;
  uint32_t numbers[PARCEL_FDS];
};

union parcel_control {
  struct cmsghdr header;
  char space[CMSG_SPACE (PARCEL_FDS * sizeof (int))];
};

static int take_parcel (struct child *child, int gate, struct parcel *parcel) {
  union parcel_control control;
  struct iovec part = { parcel, sizeof *parcel };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t got = RETRY (recvmsg (gate, &header, MSG_CMSG_CLOEXEC));
  if (got == 0)
    _exit (125); /* the helper has failed, and told the shim */
  if (got < 0)
    return fail (child, "recvmsg", "gate");
  if (got != sizeof *parcel || parcel->held_count > child->launch->held_size)
    return fail_with (child, EBADMSG, "recvmsg", "gate");
  size_t size = parcel->count * sizeof (int);
  struct cmsghdr *fds = CMSG_FIRSTHDR (&header);
  /* With too many open files, fewer arrive. */
  if (parcel->count > 0 && (!fds || fds->cmsg_len != CMSG_LEN (size)))
    return fail_with (child, EMFILE, "recvmsg", "gate");
  for (uint32_t i = 0; i < parcel->count; i++) {
    if (parcel->numbers[i] >= child->launch->held_size)
      return fail_with (child, EBADMSG, "recvmsg", "gate");
    memcpy (&child->launch->held[parcel->numbers[i]].fd, CMSG_DATA (fds) + i * sizeof (int), sizeof (int));
  }
  child->held_count = parcel->held_count;
  return 0;
}

/* Waits for the helper. */
static int pass_gate (struct child *child, int gate) {
  struct parcel parcel;
  for (uint32_t i = 0; i < child->launch->held_size; i++)
    child->launch->held[i].fd = -1;
  do
    if (take_parcel (child, gate, &parcel) < 0)
      return -1;
  while (!parcel.last);
  return 0;
}

static __attribute__ ((noreturn)) void be_inner (struct child *child, int gate) {
  strcpy (child->failure.name, "start");
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
    fail (child, "prctl", "");
  else if (enter_cgroups (child) == 0 && pass_gate (child, gate) == 0 && skip_to_inner (child) == 0 &&
           become_inner_root (child) == 0) {
    close (gate);
    run_steps (child);
  }
  give_up (child);
}

long clone_inner (struct child *child, uint64_t flags) {
  int gate[2];
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate) < 0)
    return fail (child, "socketpair", "gate");
  child->gate = gate[0];
  cleanup_fd int theirs = gate[1];
  struct clone_args args = { .flags = flags | CLONE_PARENT };
  child->failure.error = 0;
  long pid = clone_into_cgroup (child, &args);
  if (pid == 0) {
    close (child->gate);
    be_inner (child, steal_fd (&theirs));
  }
  if (pid < 0)
    return child->failure.error ? -1 : fail (child, "clone3", "");
  if (sync_send (child->sync, SYNC_PID, (pid_t)pid) == 0)
    return pid;
  fail (child, "write", "sync");
  kill ((pid_t)pid, SIGKILL); /* the shim will never learn its pid */
  return -1;
}

static int send_parcel (struct child *child, struct parcel *parcel, const int *fds) {
  union parcel_control control = { .header = { .cmsg_len = CMSG_LEN (parcel->count * sizeof (int)),
                                               .cmsg_level = SOL_SOCKET,
                                               .cmsg_type = SCM_RIGHTS } };
  memcpy (CMSG_DATA (&control.header), fds, parcel->count * sizeof (int));
  struct iovec part = { parcel, sizeof *parcel };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
  header.msg_controllen = parcel->count ? CMSG_SPACE (parcel->count * sizeof (int)) : 0;
  return RETRY (sendmsg (child->gate, &header, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

/* The streams first: the shim waits for their end, and not for mounts that are freed. */
static void close_streams (struct child *child) {
  close_fd (&child->sync);
  close_fd (&child->status);
  close_fd (&child->in);
  close_fd (&child->out);
  close_fd (&child->err);
}

/* A process that has ended has said why, or its status does. */
static __attribute__ ((noreturn)) void fail_to_send (struct child *child) {
  if (errno == EPIPE || errno == ECONNRESET)
    _exit (125);
  fail (child, "sendmsg", "gate");
  give_up (child);
}

void release_inner (struct child *child) {
  struct parcel parcel = { .held_count = child->held_count };
  int fds[PARCEL_FDS];
  for (uint32_t number = 0; number < child->held_count; number++) {
    const struct held *held = &child->launch->held[number];
    if (held->fd < 0 || held->stays)
      continue;
    if (parcel.count == PARCEL_FDS) {
      if (send_parcel (child, &parcel, fds) < 0)
        fail_to_send (child);
      parcel.count = 0;
    }
    parcel.numbers[parcel.count] = number;
    fds[parcel.count++] = held->fd;
  }
  parcel.last = true;
  if (send_parcel (child, &parcel, fds) < 0)
    fail_to_send (child);
  close_streams (child);
  _exit (0);
}

int become_inner_root (struct child *child) {
  if (sys_setresgid (0) < 0)
    return fail (child, "setresgid", "gid 0");
  if (sys_setresuid (0) < 0)
    return fail (child, "setresuid", "uid 0");
  /* The change of user has undone both. */
  return prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
           ? fail (child, "prctl", "")
           : 0;
}
