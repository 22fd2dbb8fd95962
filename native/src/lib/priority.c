#include "base/syscalls.h"
#include "include/liker.h"

/* struct sched_attr. Its header conflicts with glibc's <sched.h>. */
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

int liker_set_nice (int nice) {
  struct attributes attributes;
  if (syscall (SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) < 0)
    return -errno;
  if (attributes.policy != SCHED_NORMAL || attributes.nice != 0)
    return 0;
  attributes = (struct attributes){
    .size = sizeof attributes,
    .policy = SCHED_NORMAL,
    .flags = SCHED_FLAG_RESET_ON_FORK,
    .nice = nice,
  };
  return syscall (SYS_sched_setattr, 0, &attributes, 0) < 0 ? -errno : 1;
}
