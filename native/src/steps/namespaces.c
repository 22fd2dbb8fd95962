#include "namespaces.h"
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"

int step_join_namespace (struct child *child, struct cursor *fields) {
  uint32_t flag = read_u32 (fields);
  pid_t pid = (pid_t)read_u32 (fields);
  uint64_t start_time = read_u64 (fields);
  if (unreadable (child, fields))
    return -1;
  char object[40];
  put_number (put_text (object, "process "), (uint64_t)pid);
  cleanup_fd int pidfd = open_same_process (pid, start_time);
  if (pidfd < 0)
    return fail (child, "pidfd_open", object);
  return sys_setns (pidfd, (int)flag) < 0 ? fail (child, "setns", object) : 0;
}

/* setns(2) fails unless the file is a namespace of this kind. */
int step_join_path (struct child *child, struct cursor *fields) {
  uint32_t flag = read_u32 (fields);
  const char *path = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int namespace = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (namespace < 0)
    return fail (child, "open", path);
  return sys_setns (namespace, (int)flag) < 0 ? fail (child, "setns", path) : 0;
}

int step_unshare (struct child *child, struct cursor *fields) {
  uint32_t flags = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  return sys_unshare ((int)flags) < 0 ? fail (child, "unshare", "") : 0;
}

int step_hostname (struct child *child, struct cursor *fields) {
  struct bytes name = read_bytes (fields);
  if (unreadable (child, fields))
    return -1;
  return sethostname (name.data, name.size) < 0 ? fail (child, "sethostname", name.data) : 0;
}

int step_domainname (struct child *child, struct cursor *fields) {
  struct bytes name = read_bytes (fields);
  if (unreadable (child, fields))
    return -1;
  return setdomainname (name.data, name.size) < 0 ? fail (child, "setdomainname", name.data) : 0;
}

/* netdevice(7): the ioctls work on a socket of any family. */
int step_loopback (struct child *child, struct cursor *fields) {
  struct ifreq request = { .ifr_name = "lo" };
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int link = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (link < 0)
    return fail (child, "socket", "lo");
  if (ioctl (link, SIOCGIFFLAGS, &request) < 0)
    return fail (child, "ioctl(SIOCGIFFLAGS)", "lo");
  request.ifr_flags |= IFF_UP;
  return ioctl (link, SIOCSIFFLAGS, &request) < 0 ? fail (child, "ioctl(SIOCSIFFLAGS)", "lo") : 0;
}

/* Only who has rights in a pid namespace may mount its procfs. Before the pivot the host's own is at /proc. */
static int open_host_sysctls (struct child *child) {
  if (child->pivoted)
    return fail_with (child, EPERM, "fsopen", "proc");
  child->sysctls = open ("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return child->sysctls < 0 ? fail (child, "open", "/proc/sys") : 0;
}

/* A procfs of its own, because a mount at /proc could redirect the write (T7). All sysctls share it. */
int open_sysctls (struct child *child) {
  cleanup_fd int context = sys_fsopen ("proc");
  if (context < 0 || sys_fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return errno == EPERM ? open_host_sysctls (child) : fail (child, "fsopen", "proc");
  cleanup_fd int proc = sys_fsmount (context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  if (proc < 0)
    return fail (child, "fsmount", "proc");
  child->sysctls = beneath_open (proc, "sys", O_PATH | O_DIRECTORY);
  return child->sysctls < 0 ? fail (child, "openat2", "sys") : 0;
}

int step_sysctl (struct child *child, struct cursor *fields) {
  const char *path = read_text (fields);
  struct bytes value = read_bytes (fields);
  if (unreadable (child, fields))
    return -1;
  if (child->sysctls < 0 && open_sysctls (child) < 0)
    return -1;
  cleanup_fd int file = beneath_open (child->sysctls, path, O_WRONLY);
  if (file < 0)
    return fail (child, "openat2", path);
  ssize_t written = RETRY (write (file, value.data, value.size));
  return written != (ssize_t)value.size ? fail (child, "write", path) : 0;
}
