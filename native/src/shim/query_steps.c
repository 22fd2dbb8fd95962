#include "query_steps.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "include/plan.h"
#include "include/protocol.h"
#include "report.h"
#include "steps/steps.h"

/* The others change the process, or need what only a start has. */
static bool is_allowed (uint32_t kind) {
  switch (kind) {
  case STEP_id_map:
  case STEP_join_user:
  case STEP_take:
  case STEP_take_below:
  case STEP_take_overlay:
  case STEP_take_mount:
  case STEP_host_proc:
  case STEP_fill:
  case STEP_enter_container:
  case STEP_add_mount:
  case STEP_remove_mount:
  case STEP_rewrite_file:
    return true;
  default:
    return false;
  }
}

/* How many steps there are; -1 if one is not allowed, or the plan is malformed. */
static int64_t count_steps (struct cursor records) {
  struct record record;
  int64_t count = 0;
  while (plan_next (&records, &record)) {
    if (!is_allowed (record.kind))
      return -1;
    count++;
  }
  return records.bad ? -1 : count;
}

void answer_steps (const struct cursor *records, struct outbox *out) {
  int64_t count = count_steps (*records);
  struct launch launch = { .held_size = count < 0 ? 0 : (uint32_t)count };
  struct child child = { .launch = &launch, .steps = *records, .failure = { .step = NO_STEP, .name = "plan" } };
  clear_fds (&child);
  umask (0);
  launch.held = calloc (launch.held_size + 1, sizeof *launch.held);
  if (count < 0)
    fail_with (&child, EBADMSG, "read", "plan");
  else if (!launch.held)
    fail (&child, "calloc", "");
  else if (run_all_steps (&child) == 0) {
    outbox_begin (out, SHIM_DONE, 0, 0);
    outbox_end (out);
    free (launch.held);
    return;
  }
  put_failure (out, 0, &child.failure);
  free (launch.held);
}
