/* Walks the steps of a plan. */
#pragma once
#include "child.h"

/* Does the steps at the start of the plan that must come before a setns into the container. 0, or -1 with a failure. */
int run_leading_steps (struct child *child);

/* Moves behind the step that enters a user namespace. 0, or -1 with a failure. */
int skip_to_inner (struct child *child);

/* Does the step that follows them, which enters a user namespace. 0, or -1 with a failure. */
int enter_user (struct child *child);

/* Does the remaining steps of a plan that executes no program. 0, or -1 with a failure. */
int run_all_steps (struct child *child);

/* Does the remaining steps. Returns only if one has failed. */
void run_steps (struct child *child);
