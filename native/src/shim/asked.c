#define _GNU_SOURCE
#include "asked.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "include/plan.h"

bool outbox_write (struct outbox *out, int socket, size_t least) {
  while (outbox_waiting (out) > least) {
    ssize_t sent = RETRY (write (socket, out->data + out->head, outbox_waiting (out)));
    if (sent < 0)
      return false;
    outbox_sent (out, (size_t)sent);
  }
  return !out->exhausted;
}

void answer_if_asked (const void *plan, size_t size, int socket) {
  struct cursor records;
  struct record record;
  struct outbox out = { 0 };
  if (!plan_open (&records, plan, size) || !plan_next (&records, &record))
    return;
  if (record.kind != PLAN_PROCESSES && record.kind != PLAN_USER)
    return;
  if (fcntl (socket, F_SETFL, O_RDWR) < 0)
    _exit (1);
  if (record.kind == PLAN_PROCESSES)
    processes_tell (&record.payload, socket);
  else
    user_tell (&records, &record.payload, &out);
  _exit (outbox_write (&out, socket, 0) ? 0 : 1);
}
