#include "await_plan.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/plan.h"

/* One message. Returns how many fds came with it, or -1 and errno. `more`: how many come after them. */
static ssize_t receive_fds (int socket, int fds[PLAN_FDS], uint32_t *more) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (PLAN_FDS * sizeof (int))];
  } control;
  uint32_t left;
  struct iovec part = { &left, sizeof left };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t got = RETRY (recvmsg (socket, &message, MSG_CMSG_CLOEXEC));
  if (got == 0)
    _exit (0);
  if (got < 0)
    return -1;
  const struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  if (message.msg_flags & MSG_CTRUNC)
    return failed (EMFILE);
  if (got != sizeof left || !header || header->cmsg_type != SCM_RIGHTS)
    return failed (EPROTO);
  *more = left;
  size_t size = header->cmsg_len - CMSG_LEN (0);
  memcpy (fds, CMSG_DATA (header), size);
  return (ssize_t)(size / sizeof *fds);
}

static int keep (struct shim *shim, const int *fds, size_t count) {
  if (count == 0)
    return 0;
  int *held = reallocarray (shim->held, shim->held_count + count, sizeof *held);
  if (!held)
    return -1;
  memcpy (held + shim->held_count, fds, count * sizeof *fds);
  shim->held = held;
  shim->held_count += count;
  return 0;
}

int await_plan (struct shim *shim, int socket) {
  int fds[PLAN_FDS];
  uint32_t more;
  ssize_t count = receive_fds (socket, fds, &more);
  int plan = count > 0 ? fds[0] : -1;
  if (count <= 0 || keep (shim, fds + 1, (size_t)count - 1) < 0)
    return -1;
  while (more > 0)
    if ((count = receive_fds (socket, fds, &more)) < 0 || keep (shim, fds, (size_t)count) < 0)
      return -1;
  return plan;
}
