#include "sandbox.h"
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "capabilities.h"
#include "confine.h"
#include "landlock.h"

/* Decoders of xz and zstd ask for as much memory as the archive says. */
#define MOST_MEMORY (1ull << 30)
static int limit (int resource, rlim_t most) {
  const struct rlimit limit = { most, most };
  return setrlimit (resource, &limit);
}

/* Or fewer, where no more are allowed. */
static int limit_files (rlim_t most) {
  struct rlimit allowed;
  if (getrlimit (RLIMIT_NOFILE, &allowed) < 0)
    return -1;
  return limit (RLIMIT_NOFILE, most < allowed.rlim_max ? most : allowed.rlim_max);
}

static int unconfined (struct problem *problem) {
  int error = errno;
  return problem_put (problem, UNSUPPORTED, "", "Cannot work on a layer: the process cannot confine itself: %s", strerror (error));
}

/* AddressSanitizer reserves terabytes, and makes system calls of its own. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static int limit_all (const struct rights *rights, struct problem *problem) {
  if (!SANITIZED && limit (RLIMIT_AS, MOST_MEMORY) < 0)
    return unconfined (problem);
  if (limit_files (rights->most_files) < 0 || limit (RLIMIT_CORE, 0) < 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return unconfined (problem);
  return 0;
}

int enter_sandbox (int folder, const struct rights *rights, struct problem *problem) {
  if (limit_all (rights, problem) < 0)
    return -1;
  if (sys_unshare (CLONE_NEWNS) < 0 || fchdir (folder) < 0 || chroot (".") < 0)
    return unconfined (problem);
  return keep_capabilities (rights->capabilities) < 0 || confine_to_folder (folder, rights->may_write) < 0 ? unconfined (problem) : 0;
}

int enter_open_sandbox (int folder, const struct rights *rights, struct problem *problem) {
  if (limit_all (rights, problem) < 0)
    return -1;
  return keep_capabilities (rights->capabilities) < 0 || confine_to_folder (folder, rights->may_write) < 0 ? unconfined (problem) : 0;
}

int seal_sandbox (struct problem *problem) {
  return !SANITIZED && confine_system_calls () < 0 ? unconfined (problem) : 0;
}
