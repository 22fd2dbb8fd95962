/* PLAN_USER: looks up a user for a container whose own shim is of an earlier version, which cannot. */
#pragma once
#include "outbox.h"
#include "plan/reader.h"

/* `records` continues with the STEP_look_up_user. */
void answer_user (struct cursor *records, struct cursor *fields, struct outbox *out);
