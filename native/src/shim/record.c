#include "record.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "process.h"

static char *put_line (char *out, const char *key, uint64_t value) {
  return put_text (put_number (put_text (put_text (out, key), "="), value), "\n");
}

static char *put_record (char *out, const struct process *process) {
  out = put_line (out, "code", (uint64_t)exit_code (process));
  out = put_line (out, "signal", (uint64_t)exit_signal (process));
  out = put_line (out, "core", exit_core (process));
  out = put_line (out, "exited_at", process->exited_at);
  out = put_line (out, "stdout", process->out[0].produced);
  out = put_line (out, "stderr", process->out[1].produced);
  out = put_line (out, "cut", process->cut);
  out = put_line (out, "pid", (uint64_t)process->pid);
  return put_line (out, "started_at", process->started_at);
}

static void record_name (char *name, uint32_t number) {
  put_number (put_text (name, "exit."), number);
}

void record_write (struct shim *shim, const struct process *process) {
  char name[40], temporary[48], text[512];
  record_name (name, process->number);
  put_text (put_text (temporary, name), ".new");
  size_t size = (size_t)(put_record (text, process) - text);
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  cleanup_fd int file = openat (shim->run, temporary, flags, 0600);
  bool whole = file >= 0 && RETRY (write (file, text, size)) == (ssize_t)size;
  if (!whole || renameat (shim->run, temporary, shim->run, name) < 0)
    unlinkat (shim->run, temporary, 0);
}

void record_remove (struct shim *shim, uint32_t number) {
  char name[40];
  record_name (name, number);
  unlinkat (shim->run, name, 0);
}
