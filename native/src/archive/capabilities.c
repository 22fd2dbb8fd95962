#include "capabilities.h"
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include "base/syscalls.h"

int keep_capabilities (uint64_t kept) {
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2];
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sys_capget (&header, data) < 0)
    return -1;
  for (unsigned i = 0; i < 2; i++) {
    data[i].permitted &= (uint32_t)(kept >> 32 * i);
    data[i].effective = data[i].permitted;
    data[i].inheritable = 0;
  }
  /* Without CAP_SETPCAP the bounding set stays: no program can be executed that would gain from it. */
  for (int capability = 0; prctl (PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (prctl (PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EPERM)
      return -1;
  return sys_capset (&header, data);
}
