#include "confine.h"
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define OLD_CALLS ALLOW (epoll_wait),
#define OLD_POLL ALLOW (poll),
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define OLD_CALLS
#define OLD_POLL
#else
#error "the filter of liker-resolver does not know this architecture"
#endif

/* No account has it: of systemd's ranges, one that nobody uses (https://systemd.io/UIDS-GIDS). Nobody else's processes can send it signals. */
#define OWN_ID 2147000053
#define MOST_MEMORY (512ul << 20)

#define ALLOW(name) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define ARGUMENT(index) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[index]))
#define REFUSE BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

#define ALLOW_DATA(name) \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), ARGUMENT (2), BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), REFUSE, \
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

#define BEGIN \
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch)), BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0), \
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr))

static struct sock_filter filter[] = {
  BEGIN,
  /* In the order of how often they come. */
  OLD_CALLS
  ALLOW (epoll_pwait),
  ALLOW (recvfrom),
  ALLOW (sendto),
  ALLOW (epoll_ctl),
  ALLOW (close),
  ALLOW (sendmsg),
  ALLOW (recvmsg),
  ALLOW (connect),
  /* Only of IP. */
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
  ARGUMENT (0),
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
  REFUSE,
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  ALLOW (accept4),
  ALLOW (getsockopt),
  ALLOW (fcntl),
  ALLOW (getrandom),
  ALLOW (clock_gettime),
  ALLOW (brk),
  ALLOW_DATA (mmap),
  ALLOW_DATA (mprotect),
  ALLOW (munmap),
  ALLOW (mremap),
  ALLOW (madvise),
  ALLOW (rt_sigreturn),
  ALLOW (restart_syscall),
  ALLOW (exit_group),
  REFUSE,
};

static struct sock_filter guard_filter[] = {
  BEGIN,
  OLD_POLL
  ALLOW (ppoll),
  ALLOW (recvfrom),
  ALLOW (sendto),
  /* The name of an interface. */
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
  ARGUMENT (1),
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SIOCGIFNAME, 1, 0),
  REFUSE,
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  ALLOW (rt_sigreturn),
  ALLOW (restart_syscall),
  ALLOW (exit_group),
  REFUSE,
};

/* AddressSanitizer reserves terabytes, and makes system calls of its own. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static int limit (int resource, rlim_t most) {
  const struct rlimit limit = { most, most };
  return setrlimit (resource, &limit);
}

/* As many as are allowed: each container has three, and each question that is sent on one or more. */
static int allow_files (void) {
  struct rlimit files;
  if (getrlimit (RLIMIT_NOFILE, &files) < 0)
    return -1;
  files.rlim_cur = files.rlim_max;
  return setrlimit (RLIMIT_NOFILE, &files);
}

static int limit_all (void) {
  if (!SANITIZED && limit (RLIMIT_AS, MOST_MEMORY) < 0)
    return -1;
  return allow_files () < 0 || limit (RLIMIT_CORE, 0) < 0 || limit (RLIMIT_FSIZE, 0) < 0 ? -1 : 0;
}

/* Where this id does not exist (in a user namespace) it stays what it was. Supplementary groups go in any case that they can. */
static int change_user (void) {
  if (geteuid () != 0)
    return 0;
  if (sys_setgroups (0, NULL) < 0 && errno != EPERM)
    return -1;
  if (sys_setresgid (OWN_ID) < 0 || sys_setresuid (OWN_ID) < 0)
    return errno == EINVAL ? 0 : -1;
  return 0;
}

/* All but these, of which none has a number above 31. */
static int drop_capabilities (uint32_t kept) {
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  const struct __user_cap_data_struct sets[2] = { { .effective = kept, .permitted = kept } };
  return sys_capset (&header, sets);
}

/* Nothing may be opened by its path, where the kernel can say so. The filter of system calls says it, too. */
static int close_files (void) {
  const uint64_t all_of_the_first_version = (1ull << 13) - 1;
  cleanup_fd int ruleset = sys_landlock_create_ruleset (&all_of_the_first_version, sizeof all_of_the_first_version);
  if (ruleset < 0)
    return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
  return sys_landlock_restrict_self (ruleset);
}

static int give_up (uint32_t kept, const struct sock_fprog *program) {
  /* A change of the user makes a process undumpable only if a file of the system says so. */
  if (limit_all () < 0 || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_KEEPCAPS, kept != 0, 0, 0, 0) < 0 || change_user () < 0 ||
      drop_capabilities (kept) < 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || close_files () < 0)
    return -1;
  return SANITIZED ? 0 : sys_seccomp (SECCOMP_SET_MODE_FILTER, 0, (void *)program);
}

int confine (void) {
  const struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  return give_up (0, &program);
}

int confine_guard (void) {
  const struct sock_fprog program = { sizeof guard_filter / sizeof *guard_filter, guard_filter };
  return give_up (1u << CAP_NET_ADMIN, &program);
}
