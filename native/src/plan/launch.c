#include "launch.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "include/plan.h"

/* A list of texts for execve, with room for `before` texts in front and one behind. No text is shorter than 5 bytes. */
static char **read_texts (struct cursor *fields, size_t before) {
  uint32_t count = read_u32 (fields);
  bool fits = !fields->bad && count <= (size_t)(fields->end - fields->at) / 5;
  char **texts = fits ? calloc (before + count + 2, sizeof *texts) : NULL;
  if (!texts) {
    fields->bad = true;
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++)
    texts[before + i] = (char *)read_text (fields);
  return texts;
}

static void read_settings (struct shim_settings *settings, struct cursor *fields) {
  read_text (fields); /* the container id: the shim does not need it */
  settings->run_folder = read_text (fields);
  settings->log_folder = read_text (fields);
  settings->log_segment_bytes = read_u64 (fields);
  settings->log_segments = read_u32 (fields);
  settings->ring_bytes = read_u32 (fields);
  settings->oom_file = read_text (fields);
  settings_free (settings);
  settings->network = read_texts (fields, 0);
}

/* Flags of namespaces, and no others: clone3 would take them, too, and share the shim's memory or write to it. */
static uint32_t read_namespaces (struct cursor *fields) {
  const uint32_t namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  uint32_t flags = read_u32 (fields);
  fields->bad = fields->bad || flags & ~namespaces;
  return flags;
}

static void read_launch (struct launch *launch, struct cursor *fields) {
  launch->clone_flags = read_namespaces (fields);
  launch->cgroup2 = read_text (fields);
  launch->tty = read_u32 (fields);
  launch->open_stdin = read_u32 (fields);
  launch->size.ws_col = (unsigned short)read_u32 (fields);
  launch->size.ws_row = (unsigned short)read_u32 (fields);
  launch->size.ws_xpixel = (unsigned short)read_u32 (fields);
  launch->size.ws_ypixel = (unsigned short)read_u32 (fields);
  launch->join_main = read_namespaces (fields);
  launch->join_pid = (pid_t)read_u32 (fields);
  launch->join_start_time = read_u64 (fields);
  launch->window = read_u64 (fields);
}

static void read_exec (struct launch *launch, struct cursor *fields) {
  launch_free (launch);
  launch->init_argv = read_texts (fields, INIT_ARGUMENTS);
  launch->envp = read_texts (fields, 0);
  if (fields->bad)
    return;
  launch->argv = launch->init_argv + INIT_ARGUMENTS;
  fields->bad = !launch->argv[0];
}

/* False if the record is bad. */
static bool read_record (struct launch *launch, struct shim_settings *settings, struct record *record) {
  struct cursor *fields = &record->payload;
  switch (record->kind) {
  case PLAN_SHIM:
    if (!settings)
      return false;
    read_settings (settings, fields);
    return !fields->bad && settings->ring_bytes >= 4096 &&
           (settings->ring_bytes & (settings->ring_bytes - 1)) == 0;
  case PLAN_LAUNCH:
    read_launch (launch, fields);
    return !fields->bad;
  case STEP_id_map:
  case STEP_join_user:
    launch->held_size++;
    launch->needs_helper = true;
    return true;
  case STEP_join_cgroup:
    launch->cgroup_count++;
    return true;
  case STEP_join_namespace:
  case STEP_join_path:
    launch->needs_helper = true;
    return true;
  case STEP_enter_user:
    launch->enters_user = true;
    return true;
  case STEP_take:
  case STEP_take_below:
  case STEP_take_overlay:
  case STEP_take_devices:
  case STEP_take_mount:
  case STEP_take_of:
  case STEP_take_proc_of:
    launch->held_size++;
    return true;
  case STEP_connect:
    launch->connect = *fields;
    return true;
  case STEP_hold:
    launch->holds = true;
    return true;
  case STEP_init:
    launch->has_init = true;
    return true;
  case STEP_user:
    launch->uid = read_u32 (fields);
    launch->gid = read_u32 (fields);
    return !fields->bad;
  case STEP_exec:
    read_exec (launch, fields);
    return !fields->bad;
  default:
    return true; /* an unknown step fails when its turn comes, so that the error has its index */
  }
}

/* Between clone and exec nothing can be allocated. */
static bool make_room (struct launch *launch) {
  launch->held = calloc (launch->held_size + 1, sizeof *launch->held);
  launch->cgroups = calloc (launch->cgroup_count + 1, sizeof *launch->cgroups);
  return launch->held && launch->cgroups;
}

bool launch_read (struct launch *launch, struct shim_settings *settings, const void *plan, size_t size) {
  struct cursor records;
  struct record record;
  bool seen_shim = !settings, seen_launch = false;
  memset (launch, 0, sizeof *launch);
  if (settings)
    memset (settings, 0, sizeof *settings);
  if (!plan_open (&records, plan, size))
    return false;
  launch->steps = records;
  while (plan_next (&records, &record)) {
    if (!read_record (launch, settings, &record))
      return false;
    seen_shim = seen_shim || record.kind == PLAN_SHIM;
    seen_launch = seen_launch || record.kind == PLAN_LAUNCH;
    if (record.kind == PLAN_LAUNCH)
      launch->steps = records;
  }
  return !records.bad && seen_shim && seen_launch && (launch->argv || launch->holds) && make_room (launch);
}

void settings_free (struct shim_settings *settings) {
  free (settings->network);
  settings->network = NULL;
}

void launch_free (struct launch *launch) {
  free (launch->init_argv);
  free (launch->envp);
  launch->init_argv = launch->argv = launch->envp = NULL;
  free (launch->held);
  free (launch->cgroups);
  launch->held = NULL;
  launch->cgroups = NULL;
}
