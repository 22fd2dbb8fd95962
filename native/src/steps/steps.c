#include "steps.h"
#include "include/plan.h"
#include "step.h"

struct step {
  const char *name;
  int (*run) (struct child *child, struct cursor *fields);
};

static const struct step steps[STEPS_END] = {
#define STEP(kind, name) [kind] = { #name, step_##name },
#include "include/steps.def"
#undef STEP
};

/* likerd writes the names of steps with dashes. */
static void name_step (struct child *child, const char *name) {
  char *out = child->failure.name;
  for (; *name; name++)
    *out++ = (char)(*name == '_' ? '-' : *name);
  *out = '\0';
}

static int run_step (struct child *child, struct record *record) {
  const struct step *step = record->kind < STEPS_END ? &steps[record->kind] : NULL;
  bool known = step && step->run;
  child->failure.step = child->index++;
  name_step (child, known ? step->name : "unknown");
  return known ? step->run (child, &record->payload) : fail_with (child, ENOSYS, "read", "plan");
}

/* These steps name files or processes of the host, or need its root's rights. */
static bool is_leading (uint32_t kind) {
  switch (kind) {
  case STEP_join_cgroup:
  case STEP_oom_score:
  case STEP_join_namespace:
  case STEP_join_path:
  case STEP_raise_limit:
  case STEP_id_map:
  case STEP_join_user:
  case STEP_take:
  case STEP_take_below:
  case STEP_take_overlay:
  case STEP_take_devices:
  case STEP_take_mount:
  case STEP_take_of:
  case STEP_take_proc_of:
  case STEP_stream_owner:
  case STEP_chdir:
  case STEP_host_proc:
    return true;
  default:
    return false;
  }
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

int skip_to_inner (struct child *child) {
  struct record record;
  while (plan_next (&child->steps, &record)) {
    child->index++;
    if (record.kind == STEP_enter_user)
      return 0;
  }
  return fail_with (child, EBADMSG, "read", "plan");
}

int enter_user (struct child *child) {
  struct record record;
  if (plan_next (&child->steps, &record) && record.kind == STEP_enter_user)
    return run_step (child, &record);
  return fail_with (child, EBADMSG, "read", "plan");
}

int run_all_steps (struct child *child) {
  struct record record;
  while (plan_next (&child->steps, &record))
    if (run_step (child, &record) < 0)
      return -1;
  return 0;
}

void run_steps (struct child *child) {
  struct record record;
  while (plan_next (&child->steps, &record))
    if (run_step (child, &record) < 0)
      return;
  child->failure.step = child->index;
  name_step (child, "exec");
  fail_with (child, EBADMSG, "read", "plan");
}
