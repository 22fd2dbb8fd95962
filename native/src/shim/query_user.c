#include "query_user.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "base/syscalls.h"
#include "include/plan.h"
#include "include/protocol.h"
#include "report.h"
#include "steps/step.h"

static int join_mounts (struct child *child, struct cursor *fields) {
  pid_t pid = (pid_t)read_u32 (fields);
  uint64_t start_time = read_u64 (fields);
  if (unreadable (child, fields))
    return -1;
  cleanup_fd int process = open_same_process (pid, start_time);
  if (process < 0)
    return fail (child, "pidfd_open", "container");
  return sys_setns (process, CLONE_NEWNS) < 0 ? fail (child, "setns", "container") : 0;
}

static int put_user (struct outbox *out, struct child *child) {
  gid_t *gids = calloc (NGROUPS_MAX, sizeof *gids);
  int count = gids ? getgroups (NGROUPS_MAX, gids) : -1;
  if (count < 0) {
    fail (child, gids ? "getgroups" : "calloc", "");
    free (gids);
    return -1;
  }
  outbox_begin (out, SHIM_USER, 0, 0);
  outbox_u32 (out, child->uid);
  outbox_u32 (out, child->gid);
  outbox_text (out, child->home + sizeof "HOME=" - 1);
  outbox_u32 (out, (uint32_t)count);
  outbox_bytes (out, gids, (size_t)count * sizeof *gids);
  outbox_end (out);
  free (gids);
  return 0;
}

void answer_user (struct cursor *records, struct cursor *fields, struct outbox *out) {
  char *environment[] = { NULL, NULL };
  struct launch launch = { .envp = environment };
  struct child child = { .launch = &launch, .failure = { .step = NO_STEP, .name = "join" } };
  clear_fds (&child);
  struct record look_up;
  bool whole = plan_next (records, &look_up) && look_up.kind == STEP_look_up_user;
  if (!whole)
    fail_with (&child, EBADMSG, "read", "plan");
  if (whole && join_mounts (&child, fields) == 0) {
    strcpy (child.failure.name, "look-up-user");
    if (step_look_up_user (&child, &look_up.payload) == 0 && put_user (out, &child) == 0)
      return;
  }
  put_failure (out, 0, &child.failure);
}
