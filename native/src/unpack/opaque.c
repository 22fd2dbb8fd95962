#include "opaque.h"
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "archive/capabilities.h"

/* An fd with one byte. */
struct letter {
  char byte;
  struct iovec part;
  struct msghdr message;
  _Alignas (struct cmsghdr) char control[CMSG_SPACE (sizeof (int))];
};

static void letter_begin (struct letter *letter) {
  *letter = (struct letter){ .byte = 0 };
  letter->part = (struct iovec){ &letter->byte, 1 };
  letter->message = (struct msghdr){
    .msg_iov = &letter->part, .msg_iovlen = 1, .msg_control = letter->control, .msg_controllen = sizeof letter->control
  };
}

static int receive_fd (int socket) {
  struct letter letter;
  letter_begin (&letter);
  if (RETRY (recvmsg (socket, &letter.message, MSG_CMSG_CLOEXEC)) != 1)
    return -1;
  const struct cmsghdr *header = CMSG_FIRSTHDR (&letter.message);
  if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN (sizeof (int)))
    return -1;
  int fd;
  memcpy (&fd, CMSG_DATA (header), sizeof fd);
  return fd;
}

/* Answers each folder with an errno. */
static void serve (int socket) {
  for (;;) {
    cleanup_fd int folder = receive_fd (socket);
    struct stat st;
    if (folder < 0)
      return;
    int error = fstat (folder, &st) == 0 && S_ISDIR (st.st_mode) ? 0 : ENOTDIR;
    if (!error && fsetxattr (folder, "trusted.overlay.opaque", "y", 1, 0) < 0)
      error = errno;
    if (write (socket, &error, sizeof error) != sizeof error)
      return;
  }
}

static void run (int socket) {
  /* The other end, and all that the caller gave: what is left is the socket. */
  if (dup2 (socket, 0) < 0 || sys_close_range (1, ~0u, 0) < 0 || keep_capabilities (1ull << CAP_SYS_ADMIN) < 0)
    _exit (1);
  serve (0);
  _exit (0);
}

int marker_begin (struct marker *marker, struct problem *problem) {
  int pair[2];
  marker->socket = -1;
  if (marker->whiteouts != WHITEOUTS_TRUSTED)
    return 0;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return problem_errno (problem, "", "make a pair of sockets for");
  pid_t pid = fork ();
  if (pid < 0)
    return problem_errno (problem, "", "start a process for");
  if (pid == 0)
    run (pair[0]);
  close (pair[0]);
  marker->socket = pair[1];
  return 0;
}

static int send_fd (int socket, int fd) {
  struct letter letter;
  letter_begin (&letter);
  struct cmsghdr *header = CMSG_FIRSTHDR (&letter.message);
  *header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN (sizeof fd) };
  memcpy (CMSG_DATA (header), &fd, sizeof fd);
  return RETRY (sendmsg (socket, &letter.message, MSG_NOSIGNAL)) == 1 ? 0 : -1;
}

int mark_opaque (const struct marker *marker, int folder) {
  if (marker->whiteouts == WHITEOUTS_USER)
    return fsetxattr (folder, "user.overlay.opaque", "y", 1, 0);
  int error;
  if (send_fd (marker->socket, folder) < 0)
    return -1;
  if (RETRY (read (marker->socket, &error, sizeof error)) != sizeof error)
    return failed (EPIPE);
  return error ? failed (error) : 0;
}
