/* PLAN_STEPS: steps outside a start, such as a mount in a container that runs. */
#pragma once
#include "outbox.h"
#include "plan/reader.h"

/* Does the steps in `records`, and says SHIM_DONE or SHIM_FAILED. */
void answer_steps (const struct cursor *records, struct outbox *out);
