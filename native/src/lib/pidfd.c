#include <poll.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "include/liker.h"

int liker_pidfd_open (int pid, uint64_t start_time) {
  int pidfd = open_same_process (pid, start_time);
  return pidfd < 0 ? -errno : pidfd;
}

int liker_pidfd_signal (int pidfd, int signal) {
  return sys_pidfd_send_signal (pidfd, signal) < 0 ? -errno : 0;
}

int liker_pidfd_ended (int pidfd) {
  struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
  int ready = RETRY (poll (&poll_fd, 1, 0));
  return ready < 0 ? -errno : ready;
}

int liker_pidfd_reap (int pidfd) {
  siginfo_t info;
  return RETRY (waitid (P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL)) < 0 ? -errno : 0;
}

int liker_close (int fd) { return close (fd) < 0 ? -errno : 0; }
