/* Steps that write to files of the host. They come before all mounts and joins. */
#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"

static int write_file (struct child *child, const char *path, const char *text) {
  cleanup_fd int file = open (path, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return fail (child, "open", path);
  ssize_t length = (ssize_t)strlen (text);
  return RETRY (write (file, text, (size_t)length)) != length ? fail (child, "write", path) : 0;
}

/* Only the host's root may open it. Of a helper that stays outside, the process that it clones writes to it. */
int step_join_cgroup (struct child *child, struct cursor *fields) {
  const char *path = read_text (fields);
  if (unreadable (child, fields))
    return -1;
  if (!child->outside)
    return write_file (child, path, "0\n");
  int file = open (path, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return fail (child, "open", path);
  child->launch->cgroups[child->cgroup_count++] = file;
  return 0;
}

int step_oom_score (struct child *child, struct cursor *fields) {
  int32_t value = (int32_t)read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  char text[24];
  put_number (value < 0 ? put_text (text, "-") : text, (uint64_t)(value < 0 ? -(int64_t)value : value));
  return write_file (child, "/proc/self/oom_score_adj", text);
}
