#include "sandbox.h"
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "capabilities.h"

#define CAPABILITY(name) (1ull << CAP_##name)
#define KEPT                                                                                                        \
  (CAPABILITY (CHOWN) | CAPABILITY (DAC_OVERRIDE) | CAPABILITY (FOWNER) | CAPABILITY (FSETID) | CAPABILITY (MKNOD) | \
   CAPABILITY (SETFCAP))

/* Decoders of xz and zstd ask for as much memory as the archive says. */
#define MOST_MEMORY (1ull << 30)
/* Of folders in one another, when a tree is removed or made (remove_tree.c, walk.c). */
#define MOST_FILES 256

static int limit (int resource, rlim_t most) {
  const struct rlimit limit = { most, most };
  return setrlimit (resource, &limit);
}

int enter_sandbox (int folder, struct problem *problem) {
  if (limit (RLIMIT_AS, MOST_MEMORY) < 0 || limit (RLIMIT_NOFILE, MOST_FILES) < 0 || limit (RLIMIT_CORE, 0) < 0)
    return problem_errno (problem, "", "limit the process that unpacks");
  if (sys_unshare (CLONE_NEWNS) < 0 || fchdir (folder) < 0 || chroot (".") < 0 || keep_capabilities (KEPT) < 0) {
    int error = errno;
    return problem_put (problem, UNSUPPORTED, "", "Cannot unpack a layer: the process cannot confine itself: %s",
                        strerrorname_np (error));
  }
  return 0;
}
