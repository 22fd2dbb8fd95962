/* The user, the capabilities and the filter of the program. Raw system calls: this process has one thread. */
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include "base/syscalls.h"
#include "base/text.h"
#include "include/plan.h"
#include "step.h"

int step_groups (struct child *child, struct cursor *fields) {
  uint32_t count = read_u32 (fields);
  const uint8_t *gids = read_raw (fields, (size_t)count * sizeof (uint32_t));
  if (unreadable (child, fields))
    return -1;
  return sys_setgroups (count, gids) < 0 ? fail (child, "setgroups", "") : 0;
}

int step_no_new_privileges (struct child *child, struct cursor *fields) {
  if (unreadable (child, fields))
    return -1;
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail (child, "prctl(PR_SET_NO_NEW_PRIVS)", "") : 0;
}

static int set_filter (struct child *child, struct cursor *fields, uint32_t flags) {
  struct bytes filter = read_bytes (fields);
  if (unreadable (child, fields))
    return -1;
  size_t count = filter.size / sizeof (struct sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || filter.size % sizeof (struct sock_filter))
    return fail_with (child, EINVAL, "seccomp", "filter");
  struct sock_fprog program = { (unsigned short)count, (struct sock_filter *)filter.data };
  return sys_seccomp (SECCOMP_SET_MODE_FILTER, flags, &program) < 0 ? fail (child, "seccomp", "filter") : 0;
}

int step_seccomp (struct child *child, struct cursor *fields) {
  return set_filter (child, fields, 0);
}

int step_seccomp_flags (struct child *child, struct cursor *fields) {
  uint32_t flags = read_u32 (fields);
  return set_filter (child, fields, flags);
}

/* EINVAL marks the end: the kernel knows no further capability. */
int step_bounding (struct child *child, struct cursor *fields) {
  uint64_t set = read_u64 (fields);
  if (unreadable (child, fields))
    return -1;
  for (unsigned long cap = 0; cap < 64; cap++) {
    int held = prctl (PR_CAPBSET_READ, cap, 0, 0, 0);
    if (held < 0 && errno == EINVAL)
      return 0;
    if (held < 0)
      return fail (child, "prctl(PR_CAPBSET_READ)", "");
    if (held && !(set >> cap & 1) && prctl (PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
      int error = errno;
      char object[40];
      put_number (put_text (object, "capability "), cap);
      return fail_with (child, error, "prctl(PR_CAPBSET_DROP)", object);
    }
  }
  return 0;
}

int step_user (struct child *child, struct cursor *fields) {
  read_u32 (fields); /* already in child->uid and gid: earlier steps need them, too (launch_read) */
  read_u32 (fields);
  if (unreadable (child, fields))
    return -1;
  uid_t uid = child->uid;
  gid_t gid = child->gid;
  /* To the kernel -1 means "unchanged": the program would stay root. */
  if (uid == FOUND_ID || gid == FOUND_ID)
    return fail_with (child, EBADMSG, "setresuid", "user");
  char object[40];
  if (prctl (PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
    return fail (child, "prctl(PR_SET_KEEPCAPS)", "");
  if (sys_setresgid (gid) < 0) {
    put_number (put_text (object, "gid "), gid);
    return fail (child, "setresgid", object);
  }
  if (sys_setresuid (uid) < 0) {
    put_number (put_text (object, "uid "), uid);
    return fail (child, "setresuid", object);
  }
  /* The change of user has set it to fs.suid_dumpable, and this memory is still a copy of the shim's. */
  return prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? fail (child, "prctl(PR_SET_DUMPABLE)", "") : 0;
}

int step_capabilities (struct child *child, struct cursor *fields) {
  uint64_t effective = read_u64 (fields);
  uint64_t permitted = read_u64 (fields);
  uint64_t inheritable = read_u64 (fields);
  uint64_t ambient = read_u64 (fields);
  if (unreadable (child, fields))
    return -1;
  /* execve would drop them (capabilities(7)), but until then they could reach a program that the user cannot. */
  if (child->launch->uid == FOUND_ID && child->uid)
    effective = permitted = 0;
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2] = {
    { (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
    { (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
  };
  if (sys_capset (&header, data) < 0)
    return fail (child, "capset", "");
  if (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return fail (child, "prctl(PR_CAP_AMBIENT_CLEAR_ALL)", "");
  for (unsigned long cap = 0; cap < 64; cap++)
    if (ambient >> cap & 1 && prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
      return fail (child, "prctl(PR_CAP_AMBIENT_RAISE)", "");
  return 0;
}
