/*
 * Files of the kernel about a process and a cgroup, some of whose text is the container's: /proc/PID/stat, memory.events.
 * Input: u8 n, n bytes of answers of the kernel, the file.
 */
#include "base/procfs.h"
#include <errno.h>
#include "kernel.h"
#include "shim/oom.h"

static void count_kills (const char *path) {
  struct oom oom = { .source = NO_SOURCE, .counter = -1 };
  struct outbox out = { 0 };
  oom_open (&oom, 3, path);
  uint64_t reported = 0;
  for (int i = 0; i < 3 && oom.source.fd >= 0; i++) {
    oom.source.readable = true;
    oom_advance (&oom, &out);
    require (oom.reported >= reported, "the count never falls");
    reported = oom.reported;
  }
  outbox_free (&out);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  const uint8_t *file = data + 1 + data[0];
  size_t file_size = (size_t)(data + size - file);
  kernel_begin (data + 1, data[0]);
  kernel_file (file, file_size);
  errno = 0;
  uint64_t start = process_start_time (7);
  require (kernel_fds_open () == 0, "every file is closed");
  kernel_file (file, file_size);
  int pidfd = open_same_process (7, start);
  require (kernel_fds_open () == (pidfd >= 0), "only the pidfd is open");
  kernel_begin (data + 1, data[0]);
  kernel_file (file, file_size);
  count_kills ("/sys/fs/cgroup/c/memory.events");
  count_kills ("/sys/fs/cgroup/memory/c/memory.oom_control");
  return 0;
}
