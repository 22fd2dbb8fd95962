#include "descriptors.h"
#include <string.h>
#include <sys/socket.h>
#include "cleanup.h"
#include "syscalls.h"

union control {
  char bytes[CMSG_SPACE (MOST_PASSED * sizeof (int))];
  struct cmsghdr aligned;
};

void passed_close (struct passed *passed) {
  for (unsigned i = 0; i < passed->count; i++)
    close_fd (&passed->fd[i]);
  passed->count = 0;
}

static void keep (struct passed *passed, int fd) {
  if (passed->count < MOST_PASSED)
    passed->fd[passed->count++] = fd;
  else
    close (fd);
}

ssize_t receive_passed (int socket, void *bytes, size_t size, struct passed *passed) {
  union control control;
  struct iovec part = { bytes, size };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
  ssize_t got = RETRY (recvmsg (socket, &message, MSG_CMSG_CLOEXEC));
  if (got < 0)
    return -1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (&message); header; header = CMSG_NXTHDR (&message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
      for (size_t i = 0; i < (header->cmsg_len - CMSG_LEN (0)) / sizeof (int); i++) {
        int fd;
        memcpy (&fd, CMSG_DATA (header) + i * sizeof fd, sizeof fd);
        keep (passed, fd);
      }
  return got;
}

int send_passed (int socket, const void *bytes, size_t size, const struct passed *passed) {
  union control control = { .aligned = { .cmsg_len = CMSG_LEN (passed->count * sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  memcpy (CMSG_DATA (&control.aligned), passed->fd, passed->count * sizeof (int));
  struct iovec part = { (void *)bytes, size };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  if (passed->count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE (passed->count * sizeof (int));
  }
  ssize_t sent = RETRY (sendmsg (socket, &message, MSG_NOSIGNAL));
  return sent == (ssize_t)size ? 0 : sent < 0 ? -1 : failed (EAGAIN);
}
