/* The list of steps, and the walk along it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include "../../include/plan.h"
#include "base/syscalls.h"
#include "child.h"

struct step {
  const char *name; /* as the daemon calls it */
  int (*run) (struct child *child, struct cursor *fields);
};

static const struct step steps[] = {
  [STEP_JOIN_NAMESPACE] = { "join-namespace", step_join_namespace },
  [STEP_JOIN_CGROUP] = { "join-cgroup", step_join_cgroup },
  [STEP_UNSHARE] = { "unshare", step_unshare },
  [STEP_OOM_SCORE] = { "oom-score", step_oom_score },
  [STEP_PROPAGATION] = { "propagation", step_propagation },
  [STEP_ROOT_OVERLAY] = { "root-overlay", step_root_overlay },
  [STEP_ROOT_BIND] = { "root-bind", step_root_bind },
  [STEP_MOUNT] = { "mount", step_mount },
  [STEP_BIND] = { "bind", step_bind },
  [STEP_BIND_OF] = { "bind-of", step_bind_of },
  [STEP_DIRECTORY] = { "directory", step_directory },
  [STEP_SYMLINK] = { "symlink", step_symlink },
  [STEP_DEVICE] = { "device", step_device },
  [STEP_TERMINAL] = { "terminal", step_terminal },
  [STEP_HOSTNAME] = { "hostname", step_hostname },
  [STEP_DOMAINNAME] = { "domainname", step_domainname },
  [STEP_LOOPBACK] = { "loopback", step_loopback },
  [STEP_SYSCTL] = { "sysctl", step_sysctl },
  [STEP_PIVOT] = { "pivot", step_pivot },
  [STEP_MASK] = { "mask", step_mask },
  [STEP_READ_ONLY] = { "read-only", step_read_only },
  [STEP_ROOT_READ_ONLY] = { "root-read-only", step_root_read_only },
  [STEP_INIT] = { "init", step_init },
  [STEP_STDIO] = { "stdio", step_stdio },
  [STEP_RLIMIT] = { "rlimit", step_rlimit },
  [STEP_UMASK] = { "umask", step_umask },
  [STEP_CWD] = { "cwd", step_cwd },
  [STEP_GROUPS] = { "groups", step_groups },
  [STEP_NO_NEW_PRIVILEGES] = { "no-new-privileges", step_no_new_privileges },
  [STEP_SECCOMP] = { "seccomp", step_seccomp },
  [STEP_BOUNDING] = { "bounding", step_bounding },
  [STEP_USER] = { "user", step_user },
  [STEP_CAPABILITIES] = { "capabilities", step_capabilities },
  [STEP_EXEC] = { "exec", step_exec },
  [STEP_JOIN_PATH] = { "join-path", step_join_path },
  [STEP_CGROUPS] = { "cgroups", step_cgroups },
  [STEP_PROC_OF] = { "proc-of", step_proc_of },
  [STEP_LOOK_UP_USER] = { "look-up-user", step_look_up_user },
  [STEP_FILE_STORE] = { "file-store", step_file_store },
  [STEP_FILE] = { "file", step_file },
  [STEP_TAKE] = { "take", step_take },
  [STEP_ATTACH] = { "attach", step_attach },
};

static void copy_text (char *to, size_t size, const char *from) {
  size_t length = strnlen (from, size - 1);
  memcpy (to, from, length);
  to[length] = '\0';
}

int fail_with (struct child *child, int error, const char *call, const char *object) {
  child->failure.error = error;
  copy_text (child->failure.call, sizeof child->failure.call, call);
  copy_text (child->failure.object, sizeof child->failure.object, object);
  return -1;
}

int fail (struct child *child, const char *call, const char *object) {
  return fail_with (child, errno, call, object);
}

bool unreadable (struct child *child, const struct cursor *fields) {
  if (!fields->bad && fields->at == fields->end)
    return false;
  fail_with (child, EBADMSG, "read", "plan");
  return true;
}

int child_root (struct child *child) {
  if (child->root < 0)
    child->root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return child->root < 0 ? fail (child, "open", "/") : child->root;
}

static int run_step (struct child *child, struct record *record) {
  const struct step *step = record->kind < sizeof steps / sizeof *steps ? &steps[record->kind] : NULL;
  child->failure.step = child->index++;
  copy_text (child->failure.name, sizeof child->failure.name, step && step->name ? step->name : "unknown");
  if (!step || !step->run)
    return fail_with (child, ENOSYS, "read", "plan");
  return step->run (child, &record->payload);
}

/* Those name files or processes of the host. */
static bool is_leading (uint32_t kind) {
  return kind == STEP_JOIN_CGROUP || kind == STEP_OOM_SCORE || kind == STEP_JOIN_NAMESPACE ||
         kind == STEP_JOIN_PATH;
}

int run_leading_steps (struct child *child) {
  struct record record;
  for (;;) {
    struct cursor before = child->steps;
    if (!plan_next (&child->steps, &record))
      return 0;
    if (!is_leading (record.kind)) {
      child->steps = before;
      return 0;
    }
    if (run_step (child, &record) < 0)
      return -1;
  }
}

void run_steps (struct child *child) {
  struct record record;
  while (plan_next (&child->steps, &record))
    if (run_step (child, &record) < 0)
      return;
  child->failure.step = child->index;
  copy_text (child->failure.name, sizeof child->failure.name, "exec");
  fail_with (child, EBADMSG, "read", "plan");
}
