/* The label that a security module gives the program at execve: AppArmor's profile or SELinux's context. */
#include <fcntl.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "step.h"

/* The container's own /proc could show another file at this path, or be covered (T7). */
int step_host_proc (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  child->proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return child->proc < 0 ? fail (child, "open", "/proc") : 0;
}

/* thread-self is the writer also in the procfs of a pid namespace around its own. */
int step_exec_label (struct child *child, struct cursor *fields) {
  const char *attribute = read_text (fields);
  struct bytes value = read_bytes (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int attributes = in_root_open (child->proc, "thread-self/attr", O_PATH | O_DIRECTORY);
  if (attributes < 0)
    return fail (child, "openat2", "/proc/thread-self/attr");
  cleanup_fd int file = beneath_open (attributes, attribute, O_WRONLY);
  if (file < 0)
    return fail (child, "openat2", attribute);
  return RETRY (write (file, value.data, value.size)) != (ssize_t)value.size ? fail (child, "write", value.data) : 0;
}
