#include "base/userns.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

#define STACK_SIZE 4096

static int leave (void *unused) {
  (void)unused;
  syscall (SYS_exit, 0);
  return 0;
}

/* Ends at once. Until it is reaped, /proc has its user namespace, which nobody has been in without maps. */
static pid_t clone_zombie (void) {
  _Alignas (16) char stack[STACK_SIZE];
  const uint64_t all = ~0ull;
  uint64_t before;
  sys_sigprocmask (SIG_SETMASK, &all, &before);
  pid_t pid = clone (leave, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_NEWUSER, NULL);
  int error = errno;
  sys_sigprocmask (SIG_SETMASK, &before, NULL);
  errno = error;
  return pid;
}

static int open_proc (pid_t pid, const char *name, int flags) {
  char path[64];
  put_text (put_text (put_number (put_text (path, "/proc/"), (uint64_t)pid), "/"), name);
  return open (path, flags | O_CLOEXEC);
}

/* The kernel takes a map in one write. */
static int write_map (pid_t pid, const char *name, const char *map) {
  cleanup_fd int fd = open_proc (pid, name, O_WRONLY);
  if (fd < 0)
    return -1;
  return RETRY (write (fd, map, strlen (map))) < 0 ? -1 : 0;
}

static int mapped (pid_t pid, const char *uids, const char *gids, const char **call) {
  *call = "uid_map";
  if (write_map (pid, "uid_map", uids) < 0)
    return -1;
  *call = "gid_map";
  if (write_map (pid, "gid_map", gids) < 0)
    return -1;
  *call = "open";
  return open_proc (pid, "ns/user", O_RDONLY);
}

int make_user_namespace (const char *uids, const char *gids, const char **call) {
  *call = "clone";
  pid_t pid = clone_zombie ();
  if (pid < 0)
    return -1;
  int fd = mapped (pid, uids, gids, call);
  int error = errno;
  RETRY (waitpid (pid, NULL, __WALL));
  errno = error;
  return fd;
}
