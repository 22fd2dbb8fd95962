/*
 * Starts a shim from a large, multi-threaded process. clone(2) with CLONE_VM | CLONE_VFORK copies no page
 * tables. The child shares all memory, so it makes only raw system calls until execveat. The shim waits for its plan
 * at its socket: at once, or long after it was born.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/syscalls.h"
#include "include/liker.h"

#define STACK_SIZE (64u << 10)
#define GUARD_SIZE (4u << 10)
#define SOCKET_FD 3
#define SHIM_FD 4
#define ABOVE_ALL 16 /* above all fds that the child sets up */

struct birth {
  int shim, socket, null;
  bool keep_stderr; /* LIKER_SHIM_STDERR: for debugging */
  const char *call; /* the call that failed, here or in the child, which shares this memory */
  int error;        /* of the child */
};

/* A copy of the fd above all places that are set up. */
static int lifted (int fd) {
  return fcntl (fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
}

static int arrange_fds (struct birth *birth) {
  birth->call = "fcntl";
  int shim = lifted (birth->shim), socket = lifted (birth->socket), null = lifted (birth->null);
  if (shim < 0 || socket < 0 || null < 0)
    return -1;
  birth->call = "dup3";
  for (int fd = 0; fd < (birth->keep_stderr ? 2 : 3); fd++)
    if (dup3 (null, fd, 0) < 0)
      return -1;
  if (dup3 (socket, SOCKET_FD, 0) < 0 || dup3 (shim, SHIM_FD, O_CLOEXEC) < 0)
    return -1;
  birth->call = "close_range";
  return sys_close_range (SHIM_FD + 1, ~0u, 0);
}

/* In the child: no lock, no allocation, no stdio, nothing that depends on the thread. */
static int be_born (void *arg) {
  struct birth *birth = arg;
  static const char *const argv[] = { "liker-shim", NULL };
  static const char *const envp[] = { NULL };
  const uint64_t none = 0;
  for (int signal = 1; signal <= KERNEL_SIGNALS; signal++)
    sys_signal_default (signal);
  birth->call = "setsid";
  if (syscall (SYS_setsid) >= 0 && arrange_fds (birth) == 0) {
    birth->call = "chdir";
    if (syscall (SYS_chdir, "/") == 0 && sys_sigprocmask (SIG_SETMASK, &none, NULL) == 0) {
      birth->call = "execveat";
      sys_execveat (SHIM_FD, (char *const *)argv, (char *const *)envp);
    }
  }
  birth->error = errno;
  syscall (SYS_exit, 1);
  return 1;
}

/* All signals are blocked, because no handler of the parent may run in the child. */
static int clone_shim (struct birth *birth, int *pidfd) {
  const uint64_t all = ~0ull;
  uint64_t before;
  birth->call = "mmap";
  char *stack = mmap (NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED)
    return -1;
  birth->call = "mprotect";
  if (mprotect (stack, GUARD_SIZE, PROT_NONE) < 0) {
    int error = errno;
    munmap (stack, STACK_SIZE);
    return failed (error);
  }
  birth->call = "clone";
  sys_sigprocmask (SIG_SETMASK, &all, &before);
  int pid = clone (be_born, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, birth, pidfd);
  int error = errno;
  sys_sigprocmask (SIG_SETMASK, &before, NULL);
  munmap (stack, STACK_SIZE);
  return pid < 0 ? failed (error) : pid;
}

static int refuse (struct liker_spawned *out, const char *call, int error) {
  strncpy (out->call, call, sizeof out->call - 1);
  return -error;
}

/* The child ends at once. */
static void reap (int pidfd) {
  siginfo_t info;
  RETRY (waitid (P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL));
}

int liker_spawn_shim (int shim_fd, const void *plan, size_t plan_size, const int32_t *held, size_t held_count,
                      struct liker_spawned *out) {
  if (out->size < sizeof *out)
    return -EINVAL;
  int pair[2];
  cleanup_fd int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0)
    return refuse (out, "open", errno);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return refuse (out, "socketpair", errno);
  cleanup_fd int ours = pair[0];
  cleanup_fd int theirs = pair[1];
  cleanup_fd int pidfd = -1;
  if (fcntl (ours, F_SETFL, O_NONBLOCK) < 0)
    return refuse (out, "fcntl", errno);
  /* NOLINTNEXTLINE(concurrency-mt-unsafe): likerd does not change its environment */
  bool keep_stderr = getenv ("LIKER_SHIM_STDERR") != NULL;
  struct birth birth = { .shim = shim_fd, .socket = theirs, .null = null, .keep_stderr = keep_stderr };
  int pid = clone_shim (&birth, &pidfd);
  if (pid < 0)
    return refuse (out, birth.call, errno);
  if (birth.error) {
    reap (pidfd);
    return refuse (out, birth.call, birth.error);
  }
  int sent = plan ? liker_send_plan (ours, plan, plan_size, held, held_count, out->call, sizeof out->call) : 0;
  if (sent < 0) {
    close_fd (&ours); /* without a plan, it ends */
    reap (pidfd);
    return sent;
  }
  out->pid = pid;
  out->pidfd = steal_fd (&pidfd);
  out->socket = steal_fd (&ours);
  return 0;
}
