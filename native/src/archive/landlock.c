#include "landlock.h"
#include <linux/landlock.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

/* Newer than some headers: REFER came with ABI 2, TRUNCATE with 3. Before 2, no hard link between folders can be allowed. */
#define ACCESS_UP_TO_MAKE_SYM ((1ull << 13) - 1)
#define ACCESS_REFER (1ull << 13)
#define ACCESS_TRUNCATE (1ull << 14)
#define CREATE_RULESET_VERSION 1u

static long version (void) {
  return syscall (SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
}

int confine_to_folder (int folder, bool may_write) {
  long abi = version ();
  if (abi < 2)
    return 0;
  const uint64_t access = ACCESS_UP_TO_MAKE_SYM | ACCESS_REFER | (abi >= 3 ? ACCESS_TRUNCATE : 0);
  cleanup_fd int ruleset = sys_landlock_create_ruleset (&access, sizeof access);
  const struct landlock_path_beneath_attr rule = {
    .allowed_access = may_write ? access : LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR, .parent_fd = folder
  };
  if (ruleset < 0 || sys_landlock_add_rule (ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule) < 0)
    return -1;
  return sys_landlock_restrict_self (ruleset);
}
