/*
 * On v2, memory.events wakes its pollers at every change, and also each time that a limit is reached, so the count is compared.
 * On v1, the kernel writes to an eventfd before it kills, so the count is read repeatedly until it has grown.
 */
#include "oom.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "include/protocol.h"

#define LOOK_EVERY_MS 10
#define LOOK_FOR_MS 2000

/* The number after `oom_kill ` in memory.events or memory.oom_control; the last one reported if the cgroup is gone. */
static uint64_t count_kills (const struct oom *oom) {
  char text[512];
  ssize_t length = RETRY (pread (oom->counter, text, sizeof text - 1, 0));
  if (length <= 0)
    return oom->reported;
  text[length] = '\0';
  const char *line = strstr (text, "oom_kill ");
  return line ? strtoull (line + strlen ("oom_kill "), NULL, 10) : oom->reported;
}

/* cgroup-v1/memory.rst, "OOM Control". */
static int register_eventfd (const char *file, int counter) {
  char path[4096], text[48];
  const char *name = strrchr (file, '/');
  size_t folder = (size_t)(name - file);
  if (folder > sizeof path - sizeof "/cgroup.event_control")
    return failed (ENAMETOOLONG);
  memcpy (path, file, folder);
  strcpy (path + folder, "/cgroup.event_control");
  cleanup_fd int event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  cleanup_fd int control = open (path, O_WRONLY | O_CLOEXEC);
  if (event < 0 || control < 0)
    return -1;
  char *end = put_text (put_number (text, (uint64_t)event), " ");
  end = put_number (end, (uint64_t)counter);
  return write (control, text, (size_t)(end - text)) < 0 ? -1 : steal_fd (&event);
}

void oom_open (struct oom *oom, int epoll, const char *file) {
  const char *name = strrchr (file, '/');
  if (!name)
    return;
  oom->counter = open (file, O_RDONLY | O_CLOEXEC);
  if (oom->counter < 0)
    return;
  oom->is_v1 = !strcmp (name, "/memory.oom_control");
  int fd = oom->is_v1 ? register_eventfd (file, oom->counter) : fcntl (oom->counter, F_DUPFD_CLOEXEC, 0);
  if (fd >= 0 && source_open (&oom->source, epoll, fd) < 0)
    close_fd (&oom->source.fd);
}

void oom_advance (struct oom *oom, struct outbox *out) {
  uint64_t now = now_ms ();
  if (oom->source.readable) {
    uint64_t events;
    oom->source.readable = false;
    if (oom->is_v1) {
      RETRY (read (oom->source.fd, &events, sizeof events));
      oom->look_until = now + LOOK_FOR_MS;
    }
  } else if (!oom->look_at || now < oom->look_at)
    return;
  uint64_t count = count_kills (oom);
  bool grown = count > oom->reported;
  if (grown) {
    oom->reported = count;
    outbox_begin (out, SHIM_OOM, 0, 0);
    outbox_u64 (out, count);
    outbox_end (out);
  }
  oom->look_at = oom->is_v1 && !grown && now < oom->look_until ? now + LOOK_EVERY_MS : 0;
}
