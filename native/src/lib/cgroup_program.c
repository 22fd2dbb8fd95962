#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"

struct kind {
  uint32_t program, attach, flags;
};

static const struct kind device_filter = { BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI };
/* A cgroup has one of them: BPF_F_ALLOW_OVERRIDE lets the next replace it. */
static const struct kind socket_program = { BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE,
                                            BPF_F_ALLOW_OVERRIDE };

/* A signal ends the kernel's check of the program by EAGAIN: also one that cannot be blocked, as of a stop. */
static int load_undisturbed (union bpf_attr *attr) {
  sigset_t all, before;
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  int program;
  do
    program = sys_bpf (BPF_PROG_LOAD, attr, sizeof *attr);
  while (program < 0 && errno == EAGAIN);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return program;
}

/* bpf(2): all bytes of the union that a command does not use must be zero. */
static int load (const struct kind *kind, const void *instructions, size_t count) {
  union bpf_attr attr;
  memset (&attr, 0, sizeof attr);
  attr.prog_type = kind->program;
  attr.expected_attach_type = kind->attach;
  attr.insns = (uint64_t)(uintptr_t)instructions;
  attr.insn_cnt = (uint32_t)count;
  attr.license = (uint64_t)(uintptr_t) "MIT";
  return load_undisturbed (&attr);
}

static int command (int number, const struct kind *kind, int folder, int program) {
  union bpf_attr attr;
  memset (&attr, 0, sizeof attr);
  attr.target_fd = (uint32_t)folder;
  attr.attach_type = kind->attach;
  if (number == BPF_PROG_ATTACH) {
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_flags = kind->flags;
  }
  return sys_bpf (number, &attr, sizeof attr) < 0 ? -errno : 0;
}

static int attach (const struct kind *kind, const char *cgroup, const void *instructions, size_t count) {
  cleanup_fd int folder = open (cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return -errno;
  if (count == 0)
    return command (BPF_PROG_DETACH, kind, folder, -1);
  cleanup_fd int program = load (kind, instructions, count);
  return program < 0 ? -errno : command (BPF_PROG_ATTACH, kind, folder, program);
}

int liker_attach_device_filter (const char *cgroup, const void *instructions, size_t count) {
  return attach (&device_filter, cgroup, instructions, count);
}

int liker_attach_socket_program (const char *cgroup, const void *instructions, size_t count) {
  return attach (&socket_program, cgroup, instructions, count);
}
