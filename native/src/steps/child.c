#include "child.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void copy_text (char *to, size_t size, const char *from) {
  size_t length = strnlen (from, size - 1);
  memcpy (to, from, length);
  to[length] = '\0';
}

void clear_fds (struct child *child) {
  child->sync = child->main_pidfd = child->cgroup = child->status = child->init = child->idle = -1;
  child->in = child->out = child->err = -1;
  child->root = child->slave = child->masked = child->null = child->sysctls = child->proc = child->files = child->gate = -1;
}

int fail_with (struct child *child, int error, const char *call, const char *object) {
  child->failure.error = error;
  copy_text (child->failure.call, sizeof child->failure.call, call);
  copy_text (child->failure.object, sizeof child->failure.object, object);
  return -1;
}

int fail (struct child *child, const char *call, const char *object) {
  return fail_with (child, errno, call, object);
}

bool unreadable (struct child *child, const struct cursor *fields) {
  if (!fields->bad && fields->at == fields->end)
    return false;
  fail_with (child, EBADMSG, "read", "plan");
  return true;
}

int hold (struct child *child, int fd) {
  if (child->held_count == child->launch->held_size)
    return fail_with (child, EBADMSG, "read", "plan");
  child->launch->held[child->held_count++] = (struct held){ .fd = fd };
  return 0;
}

bool holds_nothing (const struct child *child, uint32_t number) {
  return number < child->held_count && child->launch->held[number].fd < 0;
}

int held (struct child *child, uint32_t number) {
  if (number >= child->held_count || holds_nothing (child, number))
    return fail_with (child, EBADMSG, "read", "plan");
  return child->launch->held[number].fd;
}

int keep_outside (struct child *child, uint32_t number) {
  if (held (child, number) < 0)
    return -1;
  child->launch->held[number].stays = true;
  return 0;
}

int child_root (struct child *child) {
  if (child->root < 0)
    child->root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return child->root < 0 ? fail (child, "open", "/") : child->root;
}

void give_up (struct child *child) {
  sync_send_failure (child->sync, &child->failure);
  _exit (125);
}
