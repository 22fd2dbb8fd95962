#include "step.h"

int step_await_network (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  return sync_await_network (child->sync) < 0 ? fail (child, "read", "network") : 0;
}
