/* One session, from its first message to the exit code. */
#pragma once
#include "session_plan.h"

/* Returns the exit code, or leaves the session to the TypeScript client. */
int session_run (const struct session_plan *plan);
