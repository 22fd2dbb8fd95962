#include "acting.h"
#include <linux/capability.h>
#include "base/syscalls.h"

/* The capabilities about files go with fsuid 0 (capabilities(7)), and are taken back. */
int act_as (struct child *child, uint32_t uid, uint32_t gid) {
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2];
  sys_setfsgid (gid);
  sys_setfsuid (uid);
  if (sys_capget (&header, data) < 0)
    return fail (child, "capget", "");
  for (int i = 0; i < 2; i++)
    data[i].effective = data[i].permitted;
  return sys_capset (&header, data) < 0 ? fail (child, "capset", "") : 0;
}

void act_as_root (void) {
  int saved = errno;
  sys_setfsuid (0);
  sys_setfsgid (0);
  errno = saved;
}
