#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include "../../include/liker.h"
#include "../base/cleanup.h"
#include "../base/syscalls.h"

/* bpf(2) wants every byte of the union that a command does not use to be zero. */
static int load (const void *instructions, size_t count) {
  union bpf_attr attr;
  memset (&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insns = (uint64_t)(uintptr_t)instructions;
  attr.insn_cnt = (uint32_t)count;
  attr.license = (uint64_t)(uintptr_t) "MIT";
  return sys_bpf (BPF_PROG_LOAD, &attr, sizeof attr);
}

int liker_attach_device_filter (const char *cgroup, const void *instructions, size_t count) {
  cleanup_fd int folder = open (cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return -errno;
  cleanup_fd int program = load (instructions, count);
  if (program < 0)
    return -errno;
  union bpf_attr attr;
  memset (&attr, 0, sizeof attr);
  attr.target_fd = (uint32_t)folder;
  attr.attach_bpf_fd = (uint32_t)program;
  attr.attach_type = BPF_CGROUP_DEVICE;
  attr.attach_flags = BPF_F_ALLOW_MULTI;
  return sys_bpf (BPF_PROG_ATTACH, &attr, sizeof attr) < 0 ? -errno : 0;
}
