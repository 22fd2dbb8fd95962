#include "cgroup_clone.h"
#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

/* Errors of CLONE_INTO_CGROUP after which a write to cgroup.procs may succeed. */
static bool is_cgroup_refusal (int error) {
  return error == EBUSY || error == E2BIG || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS;
}

static int open_cgroup (const char *folder, const char *file) {
  cleanup_fd int at = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0 || !file)
    return steal_fd (&at);
  return openat (at, file, O_WRONLY | O_CLOEXEC);
}

long clone_into_cgroup (struct child *child, struct clone_args *args) {
  const char *folder = child->launch->cgroup2;
  if (!*folder)
    return sys_clone3 (args);
  cleanup_fd int cgroup = open_cgroup (folder, NULL);
  if (cgroup < 0)
    return fail (child, "open", folder);
  args->flags |= CLONE_INTO_CGROUP;
  args->cgroup = (uint64_t)cgroup;
  long pid = sys_clone3 (args);
  if (pid >= 0 || !is_cgroup_refusal (errno))
    return pid;
  child->cgroup = open_cgroup (folder, "cgroup.procs");
  if (child->cgroup < 0)
    return fail (child, "open", folder);
  args->flags &= ~(uint64_t)CLONE_INTO_CGROUP;
  args->cgroup = 0;
  return sys_clone3 (args);
}

static int enter (struct child *child, int *file) {
  if (RETRY (write (*file, "0\n", 2)) != 2)
    return fail (child, "write", file == &child->cgroup ? "cgroup.procs" : "tasks");
  close_fd (file);
  return 0;
}

int enter_cgroups (struct child *child) {
  if (child->cgroup >= 0 && enter (child, &child->cgroup) < 0)
    return -1;
  if (child->cgroup_count > 0)
    strcpy (child->failure.name, "join-cgroup");
  for (uint32_t i = 0; i < child->cgroup_count; i++)
    if (enter (child, &child->launch->cgroups[i]) < 0)
      return -1;
  return 0;
}
