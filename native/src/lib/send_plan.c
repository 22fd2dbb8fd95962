#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/syscalls.h"
#include "include/liker.h"
#include "include/plan.h"

static int make_plan (const void *plan, size_t size, const char **call) {
  *call = "memfd_create";
  cleanup_fd int fd = open_memfd ("liker-plan", false);
  if (fd < 0)
    return -1;
  *call = "write";
  if (write_all (fd, plan, size) < 0)
    return -1;
  *call = "fcntl";
  return seal_memfd (fd) < 0 ? -1 : steal_fd (&fd);
}

/* One message: at most PLAN_FDS, and how many follow in others. */
static int send_fds (int socket, const int *fds, size_t count, uint32_t more) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (PLAN_FDS * sizeof (int))];
  } control = { .header = { .cmsg_len = CMSG_LEN (count * sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  struct iovec part = { &more, sizeof more };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = CMSG_SPACE (count * sizeof (int)) };
  memcpy (CMSG_DATA (&control.header), fds, count * sizeof (int));
  return RETRY (sendmsg (socket, &message, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

int liker_send_plan (int socket, const void *plan, size_t plan_size, const int32_t *held, size_t held_count, char *call,
                     size_t size) {
  const char *failing;
  int fds[PLAN_FDS];
  size_t count = 1, sent = 0;
  cleanup_fd int plan_fd = fds[0] = make_plan (plan, plan_size, &failing);
  int result = plan_fd < 0 ? -1 : 0;
  while (result == 0 && (sent < held_count || count)) {
    for (; count < PLAN_FDS && sent < held_count; count++)
      fds[count] = held[sent++];
    failing = "sendmsg";
    result = send_fds (socket, fds, count, (uint32_t)(held_count - sent));
    count = 0;
  }
  if (result < 0)
    strncpy (call, failing, size - 1);
  return result < 0 ? -errno : 0;
}
