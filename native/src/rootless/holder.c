/*
 * A record lock of fcntl(2) ends with its process, and F_GETLK gives the pid, so the lock tells who holds the namespaces,
 * without a file that may be out of date.
 */
#include "holder.h"
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
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

bool join_held_namespaces (const char *run) {
  char path[PATH_MAX];
  pid_t pid;
  if (snprintf (path, sizeof path, "%s/namespaces.lock", run) >= (int)sizeof path)
    return false;
  cleanup_fd int fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  cleanup_fd int owner = fd < 0 ? -1 : open_owner (fd, &pid);
  if (owner < 0)
    return false;
  if (sys_setns (owner, CLONE_NEWUSER | CLONE_NEWNS) < 0)
    refuse ("the namespaces of its containers, held by process %d, cannot be entered: %s", pid, strerror (errno));
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
