/*
 * A launch plan of any bytes is read, and its steps are carried out by the child, under a kernel that may refuse every call.
 * Input: u8 n, n bytes of answers of the kernel, the plan.
 */
#include "include/plan.h"
#include <stdlib.h>
#include <string.h>
#include "kernel.h"
#include "plan/launch.h"
#include "shim/clone.h"

static void check_texts (char *const *texts) {
  for (; *texts; texts++)
    require (strlen (*texts) < SIZE_MAX, "a text ends");
}

static void check (const struct launch *launch) {
  require (launch->argv && launch->argv[0], "a launch has a program");
  check_texts (launch->argv);
  check_texts (launch->envp);
  require (!launch->steps.bad && launch->steps.at <= launch->steps.end, "the steps are within the plan");
}

/* Reads the plan as that of a container or of an exec. False if it is bad. */
static bool read_plan (struct launch *launch, bool is_exec, const void *plan, size_t size) {
  struct shim_settings settings;
  bool good = launch_read (launch, is_exec ? NULL : &settings, plan, size);
  if (good)
    check (launch);
  if (good && !is_exec) {
    require (settings.ring_bytes >= 4096 && strlen (settings.run_folder) < size, "the settings are usable");
    check_texts (settings.network);
  }
  if (!is_exec)
    settings_free (&settings);
  return good;
}

static void carry_out (const struct launch *launch) {
  struct born born;
  struct failure failure = { 0 };
  if (setjmp (kernel_exit))
    return; /* this was the child */
  if (launch_clone (launch, kernel_fd (), &born, &failure) < 0)
    require (failure.error != 0, "a failure has a reason");
  else
    require (born.sync >= 0 && (born.pid > 0 || born.helper > 0), "a child that was born can be waited for");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  const uint8_t *answers = data + 1, *plan = answers + data[0];
  size_t plan_size = (size_t)(data + size - plan);
  /* As mapped by the shim it ends where the mapping ends, and cannot be written to. */
  uint8_t *copy = malloc (plan_size);
  memcpy (copy, plan, plan_size);
  for (int is_exec = 0; is_exec < 2; is_exec++) {
    struct launch launch;
    kernel_begin (answers, data[0]);
    if (read_plan (&launch, is_exec, copy, plan_size))
      carry_out (&launch);
    launch_free (&launch);
  }
  require (!memcmp (copy, plan, plan_size), "a plan is only read");
  free (copy);
  return 0;
}
