#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/text.h"
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

static int append (struct child *child, uint32_t number, const char *text) {
  char name[24];
  put_number (name, number);
  cleanup_fd int file = openat (child->files, name, O_WRONLY | O_APPEND | O_CLOEXEC);
  return file < 0 || write_all (file, text, strlen (text)) < 0 ? fail (child, "write", name) : 0;
}

int step_await_daemon (struct child *child, struct cursor *fields) {
  uint8_t answer[ANSWER_MAX];
  ssize_t size = sync_await_daemon (child->sync, answer);
  if (size < 0)
    return fail (child, "read", "network");
  struct cursor texts = { answer, answer + size, false };
  for (uint32_t count = read_u32 (fields); count > 0 && !fields->bad && !texts.bad; count--) {
    uint32_t number = read_u32 (fields);
    if (append (child, number, read_text (&texts)) < 0)
      return -1;
  }
  return texts.bad ? fail_with (child, EBADMSG, "read", "network") : unreadable (child, fields) ? -1 : 0;
}
