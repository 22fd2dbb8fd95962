#include "sync.h"
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

int sync_pair (int *ours, int *theirs) {
  const int on = 1;
  int pair[2];
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  *ours = pair[0];
  *theirs = pair[1];
  if (setsockopt (*ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0)
    return 0;
  close_fd (ours);
  close_fd (theirs);
  return -1;
}

/* write, not send: the container's seccomp filter may already be active, and every program needs write. */
int sync_send (int sync, enum sync_kind kind, pid_t pid) {
  struct sync_message message = { .kind = kind, .pid = pid };
  return RETRY (write (sync, &message, SYNC_SHORT)) < 0 ? -1 : 0;
}

int sync_send_failure (int sync, const struct failure *failure) {
  struct sync_message message = { .kind = SYNC_FAILURE, .failure = *failure };
  return RETRY (write (sync, &message, sizeof message)) < 0 ? -1 : 0;
}

static int await_byte (int sync) {
  char byte;
  ssize_t got = RETRY (read (sync, &byte, 1));
  return got == 1 ? 0 : failed (got == 0 ? EPIPE : errno);
}

union fd_control {
  struct cmsghdr header;
  char space[CMSG_SPACE (sizeof (int))];
};

int sync_send_master (int sync, int master) {
  struct sync_message message = { .kind = SYNC_MASTER };
  struct iovec part = { &message, SYNC_SHORT };
  union fd_control control = { .header = { .cmsg_len = CMSG_LEN (sizeof (int)),
                                           .cmsg_level = SOL_SOCKET,
                                           .cmsg_type = SCM_RIGHTS } };
  memcpy (CMSG_DATA (&control.header), &master, sizeof master);
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space
  };
  return RETRY (sendmsg (sync, &header, MSG_NOSIGNAL)) < 0 ? -1 : await_byte (sync);
}

int sync_await_network (int sync) { return sync_send (sync, SYNC_NETWORK, 0) < 0 ? -1 : await_byte (sync); }

ssize_t sync_await_daemon (int sync, uint8_t answer[ANSWER_MAX]) {
  if (sync_send (sync, SYNC_DAEMON, 0) < 0)
    return -1;
  ssize_t got = RETRY (read (sync, answer, ANSWER_MAX));
  return got == 0 ? failed (EPIPE) : got;
}

/* The kernel puts the credentials first. Only one fd is kept: a sender must not be able to use up the shim's fds. */
static void open_envelope (struct msghdr *header, struct sync_envelope *envelope) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR (header); at; at = CMSG_NXTHDR (header, at)) {
    if (at->cmsg_level != SOL_SOCKET)
      continue;
    if (at->cmsg_type == SCM_CREDENTIALS) {
      struct ucred sender;
      memcpy (&sender, CMSG_DATA (at), sizeof sender);
      envelope->sender = sender.pid;
    }
    for (size_t used = CMSG_LEN (0); at->cmsg_type == SCM_RIGHTS && used < at->cmsg_len; used += sizeof (int)) {
      int fd;
      memcpy (&fd, (uint8_t *)at + used, sizeof fd);
      if (envelope->fd < 0)
        envelope->fd = fd;
      else
        close (fd);
    }
  }
}

int sync_receive (int sync, struct sync_message *message, struct sync_envelope *envelope) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (struct ucred)) + CMSG_SPACE (sizeof (int))];
  } control;
  struct iovec part = { message, sizeof *message };
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  *envelope = (struct sync_envelope){ .fd = -1 };
  memset (message, 0, sizeof *message);
  ssize_t got = RETRY (recvmsg (sync, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  /* The child exited without reading our byte. The kernel reports that once, before the messages that are still queued. */
  if (got < 0 && errno == ECONNRESET)
    got = RETRY (recvmsg (sync, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (got < 0)
    return errno == ECONNRESET ? 0 : -1;
  open_envelope (&header, envelope);
  /* A message has a sender, end of file has none. */
  if (got == 0 && !envelope->sender)
    return 0;
  message->failure.name[sizeof message->failure.name - 1] = '\0';
  message->failure.call[sizeof message->failure.call - 1] = '\0';
  message->failure.object[sizeof message->failure.object - 1] = '\0';
  return 1;
}

int sync_answer (int sync, const void *answer, size_t size) {
  return RETRY (send (sync, answer, size, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 ? -1 : 0;
}

int sync_acknowledge (int sync) { return sync_answer (sync, "", 1); }
