#include "passing.h"
#include <string.h>
#include <sys/socket.h>
#include "cleanup.h"
#include "memfd.h"
#include "syscalls.h"

/* Room for one fd. */
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
};

int send_with_fd (int socket, void *data, size_t size, int fd) {
  union control control = { .header = { .cmsg_len = CMSG_LEN (sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  struct iovec part = { .iov_base = data, .iov_len = size };
  const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  ssize_t sent = RETRY (sendmsg (socket, &message, MSG_NOSIGNAL));
  return sent < 0 ? -1 : write_all (socket, (char *)data + sent, size - (size_t)sent);
}

ssize_t receive_with_fd (int socket, void *data, size_t size, int *fd) {
  union control control;
  struct iovec part = { .iov_base = data, .iov_len = size };
  /* The padding has room for a second one. */
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN (sizeof *fd) };
  *fd = -1;
  ssize_t got = RETRY (recvmsg (socket, &message, MSG_CMSG_CLOEXEC));
  const struct cmsghdr *header = got < 0 ? NULL : CMSG_FIRSTHDR (&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN (sizeof *fd))
    memcpy (fd, CMSG_DATA (header), sizeof *fd);
  if (got < 0 || !(message.msg_flags & MSG_CTRUNC))
    return got;
  close_fd (fd);
  return failed (EPROTO);
}
