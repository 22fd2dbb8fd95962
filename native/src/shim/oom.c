/*
 * Tells the daemon when the kernel kills processes of the container for want of memory. On v2 memory.events wakes who
 * polls it at each change, which is also each time that a limit is met: so the count is compared here. On v1 an eventfd
 * is written to before the kill, so the count is looked at until it has grown.
 */
#define _GNU_SOURCE
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
#include "shim.h"

#define LOOK_EVERY_MS 10
#define LOOK_FOR_MS 2000

/* The figure behind `oom_kill ` in memory.events or memory.oom_control; what was told already when the cgroup is gone. */
static uint64_t count_kills (const struct oom *oom) {
  char text[512];
  ssize_t length = RETRY (pread (oom->counter, text, sizeof text - 1, 0));
  if (length <= 0)
    return oom->told;
  text[length] = '\0';
  const char *line = strstr (text, "oom_kill ");
  return line ? strtoull (line + strlen ("oom_kill "), NULL, 10) : oom->told;
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

/* `file` is memory.events of v2 or memory.oom_control of v1; empty: the container has neither. */
void oom_open (struct shim *shim, const char *file) {
  struct oom *oom = &shim->oom;
  const char *name = strrchr (file, '/');
  if (!name)
    return;
  oom->counter = open (file, O_RDONLY | O_CLOEXEC);
  if (oom->counter < 0)
    return;
  oom->is_v1 = !strcmp (name, "/memory.oom_control");
  int fd = oom->is_v1 ? register_eventfd (file, oom->counter) : fcntl (oom->counter, F_DUPFD_CLOEXEC, 0);
  if (fd >= 0 && source_open (&oom->source, shim->epoll, fd) < 0)
    close_fd (&oom->source.fd);
}

static void tell (struct shim *shim) {
  struct outbox *out = daemon_out (shim);
  if (!out)
    return; /* the next daemon looks at the cgroup itself */
  outbox_begin (out, SHIM_OOM, 0, 0);
  outbox_u64 (out, shim->oom.told);
  outbox_end (out);
}

void oom_advance (struct shim *shim) {
  struct oom *oom = &shim->oom;
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
  bool grown = count > oom->told;
  if (grown) {
    oom->told = count;
    tell (shim);
  }
  oom->look_at = oom->is_v1 && !grown && now < oom->look_until ? now + LOOK_EVERY_MS : 0;
}
