/* Limits by Landlock (landlock(7)), which last for the process and all that it starts. */
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "step.h"

/* The accesses of one file; the others are about what is in a directory. Newer than some headers: TRUNCATE, IOCTL_DEV. */
#define FILE_ACCESS                                                                            \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
   1ull << 14 | 1ull << 15)

/* As in Linux 6.7, which has LANDLOCK_RULE_NET_PORT. */
#define RULE_NET_PORT 2
struct ruleset {
  uint64_t files;
  uint64_t ports;
};
struct port_rule {
  uint64_t access;
  uint64_t port;
};

/* The kernel refuses accesses for a file that are about directories. */
static int allow_path (struct child *child, int ruleset, const char *path, uint64_t access) {
  int root = child_root (child);
  if (root < 0)
    return -1;
  struct stat st;
  cleanup_fd int fd = in_root_open (root, path, O_PATH);
  if (fd < 0)
    return fail (child, "openat2", path);
  if (fstat (fd, &st) < 0)
    return fail (child, "fstat", path);
  const struct landlock_path_beneath_attr rule = {
    .allowed_access = S_ISDIR (st.st_mode) ? access : access & FILE_ACCESS,
    .parent_fd = fd,
  };
  return sys_landlock_add_rule (ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule) < 0
           ? fail (child, "landlock_add_rule", path)
           : 0;
}

static int allow_paths (struct child *child, int ruleset, struct cursor *fields) {
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--) {
    const char *path = read_text (fields);
    uint64_t access = read_u64 (fields);
    if (!fields->bad && allow_path (child, ruleset, path, access) < 0)
      return -1;
  }
  return 0;
}

static int allow_ports (struct child *child, int ruleset, struct cursor *fields) {
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad; count--) {
    struct port_rule rule;
    rule.port = read_u64 (fields);
    rule.access = read_u64 (fields);
    if (!fields->bad && sys_landlock_add_rule (ruleset, RULE_NET_PORT, &rule) < 0)
      return fail (child, "landlock_add_rule", "port");
  }
  return 0;
}

int step_landlock (struct child *child, struct cursor *fields) {
  struct ruleset handled;
  handled.files = read_u64 (fields);
  handled.ports = read_u64 (fields);
  cleanup_fd int ruleset = fields->bad ? -1 : sys_landlock_create_ruleset (&handled, sizeof handled);
  if (ruleset < 0 && !fields->bad)
    return fail (child, "landlock_create_ruleset", "");
  if (allow_paths (child, ruleset, fields) < 0 || allow_ports (child, ruleset, fields) < 0)
    return -1;
  if (unreadable (child, fields))
    return -1;
  return sys_landlock_restrict_self (ruleset) < 0 ? fail (child, "landlock_restrict_self", "") : 0;
}
