#include "procfs.h"
#include <fcntl.h>
#include <string.h>
#include "cleanup.h"
#include "syscalls.h"
#include "text.h"

/* The name in field 2 may contain spaces and brackets, so fields are counted from the last bracket. */
static uint64_t parse_start_time (const char *stat) {
  const char *at = strrchr (stat, ')');
  for (int field = 2; at && field < 22; field++)
    at = strchr (at + 1, ' ');
  uint64_t value = 0;
  for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
    value = value * 10 + (uint64_t)(*at - '0');
  return value;
}

uint64_t process_start_time (pid_t pid) {
  char path[40], stat[1024];
  put_text (put_number (put_text (path, "/proc/"), (uint64_t)pid), "/stat");
  cleanup_fd int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t length = RETRY (read (fd, stat, sizeof stat - 1));
  if (length == 0)
    errno = ESRCH;
  if (length <= 0)
    return 0;
  stat[length] = '\0';
  return parse_start_time (stat);
}

int open_same_process (pid_t pid, uint64_t start_time) {
  cleanup_fd int pidfd = sys_pidfd_open (pid);
  if (pidfd < 0)
    return -1;
  uint64_t found = process_start_time (pid);
  if (found == start_time)
    return steal_fd (&pidfd);
  /* A read that failed, most likely for lack of fds, does not mean that the process is gone. */
  if (found == 0 && errno != ENOENT && errno != ESRCH)
    return -1;
  return failed (ESRCH);
}
