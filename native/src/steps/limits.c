#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"

int step_rlimit (struct child *child, struct cursor *fields) {
  uint32_t resource = read_u32 (fields);
  struct rlimit limit;
  limit.rlim_cur = read_u64 (fields);
  limit.rlim_max = read_u64 (fields);
  if (unreadable (child, fields))
    return -1;
  char object[40];
  put_number (put_text (object, "resource "), resource);
  if (prlimit (0, (enum __rlimit_resource)resource, &limit, NULL) < 0)
    return fail (child, "prlimit", object);
  return 0;
}

/* Only the host's root may raise a hard limit; the step rlimit then sets it exactly, inside. */
int step_raise_limit (struct child *child, struct cursor *fields) {
  uint32_t resource = read_u32 (fields);
  uint64_t hard = read_u64 (fields);
  struct rlimit limit;
  char object[40];
  if (unreadable (child, fields))
    return -1;
  put_number (put_text (object, "resource "), resource);
  if (prlimit (0, (enum __rlimit_resource)resource, NULL, &limit) < 0)
    return fail (child, "prlimit", object);
  if (limit.rlim_max >= hard)
    return 0;
  limit.rlim_max = hard;
  return prlimit (0, (enum __rlimit_resource)resource, &limit, NULL) < 0 ? fail (child, "prlimit", object) : 0;
}

int step_umask (struct child *child, struct cursor *fields) {
  uint32_t mask = read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  umask (mask & 0777);
  child->umask_set = true;
  return 0;
}

/* For a directory outside the root, entered by a leaked fd or a link of procfs, getcwd says "(unreachable)" (T3). */
static int check_reachable (struct child *child, const char *path) {
  char here[PATH_MAX];
  if (sys_getcwd (here, sizeof here) < 0)
    return fail (child, "getcwd", path);
  return here[0] == '/' ? 0 : fail_with (child, EXDEV, "getcwd", path);
}

int step_cwd (struct child *child, struct cursor *fields) {
  const char *path = read_text (fields);
  bool create = read_u32 (fields);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  cleanup_fd int made = create ? in_root_make (child->root, path, IN_ROOT_DIRECTORY, 0755) : -1;
  if (create && made < 0)
    return fail (child, "mkdirat", path);
  cleanup_fd int folder = in_root_open (child->root, path, O_PATH | O_DIRECTORY);
  if (folder < 0)
    return fail (child, "openat2", path);
  if (fchdir (folder) < 0)
    return fail (child, "fchdir", path);
  return check_reachable (child, path);
}
