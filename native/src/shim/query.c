#include "query.h"
#include <fcntl.h>
#include <unistd.h>
#include "include/plan.h"
#include "query_processes.h"
#include "query_steps.h"
#include "query_user.h"

void answer_query (const void *plan, size_t size, int socket) {
  struct cursor records;
  struct record record;
  struct outbox out = { 0 };
  if (!plan_open (&records, plan, size) || !plan_next (&records, &record))
    return;
  if (record.kind != PLAN_PROCESSES && record.kind != PLAN_USER && record.kind != PLAN_STEPS)
    return;
  if (fcntl (socket, F_SETFL, O_RDWR) < 0)
    _exit (1);
  if (record.kind == PLAN_PROCESSES)
    answer_processes (&record.payload, &out, socket);
  else if (record.kind == PLAN_STEPS)
    answer_steps (&records, &out);
  else
    answer_user (&records, &record.payload, &out);
  _exit (outbox_write (&out, socket, 0) ? 0 : 1);
}
