#include "step.h"

static int await_network (struct child *child) {
  return sync_await_network (child->sync) < 0 ? fail (child, "read", "network") : 0;
}

int step_await_network (struct child *child, struct cursor *fields) {
  return unreadable (child, fields) ? -1 : await_network (child);
}

/* The shim has read the fields. */
int step_connect (struct child *child, struct cursor *fields) {
  (void)fields;
  return await_network (child);
}
