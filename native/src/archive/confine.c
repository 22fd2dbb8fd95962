#include "confine.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include "base/syscalls.h"

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filter of liker-unpack does not know this architecture"
#endif

#define ALLOW(name) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* The rights of a mapping are the third argument. Code that is not there yet never comes, such as a library of the folder that is the root. */
#define ALLOW_DATA(name) \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[2])), \
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), \
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Nothing that starts a program or a process, opens a socket, or reads another process. */
static struct sock_filter filter[] = {
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch)),
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
  /* In the order of how often they come. */
  ALLOW (openat),
  ALLOW (pwrite64),
  ALLOW (sync_file_range),
  ALLOW (close),
  ALLOW (fstat),
  ALLOW (utimensat),
  ALLOW (fchown),
  ALLOW (fchmod),
  ALLOW (futex),
  ALLOW (pread64),
  ALLOW (read),
  ALLOW (write),
  ALLOW (openat2),
  ALLOW (mkdirat),
  ALLOW (symlinkat),
  ALLOW (linkat),
  ALLOW (mknodat),
  ALLOW (unlinkat),
  ALLOW (renameat),
  ALLOW (fchownat),
  ALLOW (fchmodat),
  ALLOW (newfstatat),
  ALLOW (ftruncate),
  ALLOW (fsetxattr),
  ALLOW (fgetxattr),
  ALLOW (flistxattr),
  ALLOW (getdents64),
  ALLOW (readlinkat),
  ALLOW (fstatfs),
  ALLOW (lseek),
  ALLOW (fcntl),
  /* Contents that another process has opened. */
  ALLOW (recvmsg),
  ALLOW (copy_file_range),
  ALLOW (sendfile),
  /* The names of folders, without links. */
  ALLOW (fchdir),
  ALLOW (getcwd),
  /* Folders to the process that marks them. */
  ALLOW (sendmsg),
  /* Memory, threads and their end. */
  ALLOW_DATA (mmap),
  ALLOW (munmap),
  ALLOW (mremap),
  ALLOW_DATA (mprotect),
  ALLOW (madvise),
  ALLOW (brk),
  ALLOW (clock_gettime),
  ALLOW (getrandom),
  ALLOW (set_robust_list),
  ALLOW (rseq),
  ALLOW (sched_yield),
  ALLOW (rt_sigprocmask),
  ALLOW (rt_sigreturn),
  ALLOW (restart_syscall),
  ALLOW (exit),
  ALLOW (exit_group),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};

int confine_system_calls (void) {
  struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  return sys_seccomp (SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0 ? 0 : -1;
}
