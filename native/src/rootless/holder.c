/*
 * A record lock of fcntl(2) ends with its process, and F_GETLK gives the pid, so the lock tells who holds the namespaces,
 * without a file that may be out of date.
 */
#include "holder.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "refuse.h"

static struct flock whole_file (void) { return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET }; }

/* 0: nobody. */
static pid_t owner_of (int fd) {
  struct flock lock = whole_file ();
  return fcntl (fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

/* A pidfd of the lock's owner. The pid cannot be another process's if the lock still has the same owner afterwards. */
static int open_owner (int fd, pid_t *pid) {
  *pid = owner_of (fd);
  cleanup_fd int owner = *pid > 0 ? sys_pidfd_open (*pid) : -1;
  return owner >= 0 && owner_of (fd) == *pid ? steal_fd (&owner) : -1;
}

/* A pidfd of the holder; -1 without one. */
static int open_holder (const char *run, pid_t *pid) {
  char path[PATH_MAX];
  if (snprintf (path, sizeof path, "%s/namespaces.lock", run) >= (int)sizeof path)
    return -1;
  cleanup_fd int fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  return fd < 0 ? -1 : open_owner (fd, pid);
}

/* Uses the folder's fd, because its path may be longer than sun_path. */
static int connect_to_shim (int folder) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/shim.sock", folder);
  cleanup_fd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) < 0)
    return -1;
  return steal_fd (&fd);
}

/* Who listens. It is still the same process if it has not closed the connection afterwards. */
static int open_listener (int fd, pid_t *pid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  struct pollfd end = { .fd = fd, .events = POLLIN | POLLRDHUP };
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
    return -1;
  *pid = peer.pid;
  cleanup_fd int listener = sys_pidfd_open (peer.pid);
  return listener >= 0 && poll (&end, 1, 0) == 0 ? steal_fd (&listener) : -1;
}

/* A pidfd of any shim, where the holder was killed. */
static int open_shim (const char *run, pid_t *pid) {
  char path[PATH_MAX];
  if (snprintf (path, sizeof path, "%s/c", run) >= (int)sizeof path)
    return -1;
  DIR *containers = opendir (path);
  int found = -1;
  for (struct dirent *entry; found < 0 && containers && (entry = readdir (containers));) {
    cleanup_fd int folder = *entry->d_name == '.' ? -1 : openat (dirfd (containers), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    cleanup_fd int connection = folder < 0 ? -1 : connect_to_shim (folder);
    found = connection < 0 ? -1 : open_listener (connection, pid);
  }
  if (containers)
    closedir (containers);
  return found;
}

bool join_held_namespaces (const char *run) {
  pid_t pid = 0;
  cleanup_fd int process = open_holder (run, &pid);
  if (process < 0)
    process = open_shim (run, &pid);
  if (process < 0)
    return false;
  if (sys_setns (process, CLONE_NEWUSER | CLONE_NEWNS) < 0)
    refuse ("the namespaces of the containers in %s, those of process %d, cannot be entered: %s", run, pid, strerror (errno));
  return true;
}

void hold_namespaces (const char *path) {
  struct flock lock = whole_file ();
  int fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 || fcntl (fd, F_SETLK, &lock) < 0) {
    fprintf (stderr, "liker-rootless: Cannot lock %s: %s\n", path, strerror (errno));
    return;
  }
  prctl (PR_SET_NAME, "liker-hold", 0, 0, 0);
  if (chdir ("/") < 0 || RETRY (write (STDOUT_FILENO, "\n", 1)) != 1)
    return;
  for (int standard = 0; standard < 3; standard++)
    close (standard);
  for (;;)
    pause ();
}
