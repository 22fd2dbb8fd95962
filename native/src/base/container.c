#include "container.h"
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "cleanup.h"
#include "procfs.h"
#include "syscalls.h"
#include "text.h"

int parse_container (const char *text, struct container *container) {
  char *end;
  errno = 0;
  long pid = strtol (text, &end, 10);
  if (errno || pid <= 0 || pid > INT32_MAX || *end != ':')
    return failed (EINVAL);
  const char *time = end + 1;
  unsigned long long start_time = strtoull (time, &end, 10);
  if (errno || *end || *time < '0' || *time > '9')
    return failed (EINVAL);
  *container = (struct container){ .pid = (pid_t)pid, .start_time = start_time };
  return 0;
}

static int open_of (pid_t pid, const char *name, int flags) {
  char path[48];
  put_text (put_text (put_number (put_text (path, "/proc/"), (uint64_t)pid), "/"), name);
  return open (path, flags | O_CLOEXEC);
}

static bool is_own (int namespace) {
  struct stat its, ours;
  return fstat (namespace, &its) == 0 && stat ("/proc/self/ns/user", &ours) == 0 && its.st_dev == ours.st_dev &&
         its.st_ino == ours.st_ino;
}

/* An ordinary user's namespace may deny setgroups: then there are no groups to give up that count inside. */
static int become_root (const char **call) {
  *call = "setgroups";
  if (sys_setgroups (0, NULL) < 0 && errno != EPERM)
    return -1;
  *call = "setresgid";
  if (sys_setresgid (0) < 0)
    return -1;
  *call = "setresuid";
  return sys_setresuid (0);
}

/* The files that stand for the process's root and namespaces. */
struct entrance {
  int root, user, mounts;
};

static void close_entrance (struct entrance *entrance) {
  close_fd (&entrance->root);
  close_fd (&entrance->user);
  close_fd (&entrance->mounts);
}

static int open_entrance (struct entrance *entrance, const struct container *container, const char **call) {
  *call = "pidfd_open";
  cleanup_fd int process = open_same_process (container->pid, container->start_time);
  if (process < 0)
    return -1;
  *call = "open";
  entrance->root = open_of (container->pid, "root", O_PATH | O_DIRECTORY);
  entrance->user = open_of (container->pid, "ns/user", O_RDONLY);
  entrance->mounts = open_of (container->pid, "ns/mnt", O_RDONLY);
  /* One that has ended, until its parent waits for it, has neither a root nor namespaces. */
  if (entrance->root < 0 || entrance->user < 0 || entrance->mounts < 0)
    return errno == ENOENT ? failed (ESRCH) : -1;
  /* If it lives, they were its own. */
  *call = "pidfd_send_signal";
  if (sys_pidfd_send_signal (process, 0) < 0)
    return -1;
  *call = "setns";
  return is_own (entrance->user) || (sys_setns (entrance->user, CLONE_NEWUSER) == 0 && become_root (call) == 0) ? 0 : -1;
}

int enter_container (const struct container *container, const char **call) {
  __attribute__ ((cleanup (close_entrance))) struct entrance entrance = { -1, -1, -1 };
  return open_entrance (&entrance, container, call) < 0 ? -1 : steal_fd (&entrance.root);
}

int enter_container_mounts (const struct container *container, const char **call) {
  __attribute__ ((cleanup (close_entrance))) struct entrance entrance = { -1, -1, -1 };
  if (open_entrance (&entrance, container, call) < 0)
    return -1;
  *call = "setns";
  return sys_setns (entrance.mounts, CLONE_NEWNS) < 0 ? -1 : steal_fd (&entrance.root);
}

int enter_container_root (const struct container *container, const char **call) {
  __attribute__ ((cleanup (close_entrance))) struct entrance entrance = { -1, -1, -1 };
  if (open_entrance (&entrance, container, call) < 0)
    return -1;
  *call = "setns";
  if (sys_setns (entrance.mounts, CLONE_NEWNS) < 0)
    return -1;
  *call = "open_tree";
  return sys_open_tree (AT_FDCWD, "/", OPEN_TREE_CLONE);
}
