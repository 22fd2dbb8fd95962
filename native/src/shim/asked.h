/* A plan that starts nothing: it asks. The shim answers over its socket, and ends. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "outbox.h"
#include "plan/reader.h"

/* Answers and ends, if the plan asks; else it returns. */
void answer_if_asked (const void *plan, size_t size, int socket);

/* Writes the gathered frames, down to `least` bytes. False when the daemon is gone or memory ran out. */
bool outbox_write (struct outbox *out, int socket, size_t least);

/* processes.c: PLAN_PROCESSES */
void processes_tell (struct cursor *fields, int socket);

/* user.c: PLAN_USER, with the record that comes next */
void user_tell (struct cursor *records, struct cursor *fields, struct outbox *out);
