#include "base/userns.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

#define STACK_SIZE 8192

static int leave (void *unused) {
  (void)unused;
  syscall (SYS_exit, 0);
  return 0;
}

pid_t clone_ended_inside (void) { return run_inside (CLONE_NEWUSER, leave, NULL); }

pid_t run_inside (int namespaces, int (*run) (void *), void *value) {
  _Alignas (16) char stack[STACK_SIZE];
  const uint64_t all = ~0ull;
  uint64_t before;
  sys_sigprocmask (SIG_SETMASK, &all, &before);
  pid_t pid = clone (run, stack + sizeof stack, CLONE_VM | CLONE_VFORK | namespaces, value);
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
int write_id_map (pid_t pid, const char *name, const char *map, size_t length) {
  cleanup_fd int fd = open_proc (pid, name, O_WRONLY);
  if (fd < 0)
    return -1;
  return RETRY (write (fd, map, length)) < 0 ? -1 : 0;
}

int open_user_namespace (pid_t pid) { return open_proc (pid, "ns/user", O_RDONLY); }

static int mapped (pid_t pid, const char *uids, const char *gids, const char **call) {
  *call = "uid_map";
  if (write_id_map (pid, "uid_map", uids, strlen (uids)) < 0)
    return -1;
  *call = "gid_map";
  if (write_id_map (pid, "gid_map", gids, strlen (gids)) < 0)
    return -1;
  *call = "open";
  return open_user_namespace (pid);
}

int make_user_namespace (const char *uids, const char *gids, const char **call) {
  *call = "clone";
  pid_t pid = clone_ended_inside ();
  if (pid < 0)
    return -1;
  int fd = mapped (pid, uids, gids, call);
  int error = errno;
  RETRY (waitpid (pid, NULL, __WALL));
  errno = error;
  return fd;
}
