import { action, type Condition, compare } from '../../../native/libseccomp.ts';
import { anything, type Profile, type Rule, type RuleFilter } from './profile.ts';

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/**
 * Calls that every container may make. Not among them: io_uring_* (makes most calls without passing the filter), keyctl and
 * related calls (keys have no namespace), userfaultfd, kexec, swap, quota, NFS and modules.
 */
const allowed = words(`
  accept accept4 access adjtimex alarm arch_prctl arm_fadvise64_64 arm_sync_file_range bind breakpoint brk cacheflush
  cachestat capget capset chdir chmod chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64
  clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat
  dup dup2 dup3
  epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
  execve execveat exit exit_group
  faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32
  fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
  fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat
  get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32
  getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32
  getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr
  getxattrat
  inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents
  io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc
  kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen
  listmount listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64
  madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall
  mmap mmap2 modify_ldt mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
  mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
  name_to_handle_at nanosleep newfstatat _newselect
  open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll
  ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6
  pselect6_time64 ptrace pwrite64 pwritev pwritev2
  read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr
  removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
  rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
  sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
  sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
  sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg
  sendto set_robust_list set_thread_area set_tid_address set_tls setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32
  setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32
  setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown
  sigaltstack signalfd signalfd4 sigprocmask sigreturn socket socketcall socketpair splice stat stat64 statfs statfs64
  statmount statx symlink symlinkat sync sync_file_range sync_file_range2 syncfs sysinfo
  tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
  timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64
  ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat utimensat_time64 utimes
  vfork vmsplice wait4 waitid waitpid write writev
`);

/** Calls that need a capability: without it the kernel would refuse them, or most of what they do. */
const byCapability: Readonly<Record<string, readonly string[]>> = {
  CAP_DAC_READ_SEARCH: ['open_by_handle_at'],
  CAP_SYS_ADMIN: words(`
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname
    setns syslog umount umount2 unshare
  `),
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_CHROOT: ['chroot'],
  CAP_SYS_MODULE: ['delete_module', 'finit_module', 'init_module'],
  CAP_SYS_NICE: ['get_mempolicy', 'mbind', 'set_mempolicy', 'set_mempolicy_home_node'],
  CAP_SYS_PACCT: ['acct'],
  CAP_SYS_PTRACE: ['kcmp', 'pidfd_getfd', 'process_madvise'],
  CAP_SYS_RAWIO: ['ioperm', 'iopl'],
  CAP_SYS_TIME: ['clock_settime', 'clock_settime64', 'settimeofday', 'stime'],
  CAP_SYS_TTY_CONFIG: ['vhangup'],
  CAP_SYSLOG: ['syslog'],
  CAP_BPF: ['bpf'],
  CAP_PERFMON: ['perf_event_open'],
};

/** The personalities that a program may set: Linux, with or without UNAME26, and the query of the current one. */
const personalities = [0x0n, 0x8n, 0x20000n, 0x20008n, 0xffffffffn];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: new namespaces need CAP_SYS_ADMIN. */
const namespaceFlags = 0x7e020000n;

const eperm = 1;
const enosys = 38;

function allow(names: readonly string[], caps: readonly string[] = []): Rule {
  return rule(names, action.allow, { includes: { ...anything, caps } });
}

function rule(
  names: readonly string[],
  verdict: number,
  more: {
    readonly condition?: Omit<Condition, 'argument'>;
    readonly includes?: RuleFilter;
    readonly excludes?: RuleFilter;
  },
): Rule {
  const { condition, includes = anything, excludes = anything } = more;
  const conditions = condition ? [{ argument: 0, ...condition }] : [];
  return { at: '', names, action: verdict, conditions, includes, excludes };
}

const notAdmin = { excludes: { ...anything, caps: ['CAP_SYS_ADMIN'] } };

/** The default profile: moby's (moby/profiles, seccomp/default.json of 2026), for x86_64 and aarch64. */
export const builtinProfile: Profile = {
  defaultAction: action.errno(eperm),
  architectures: [],
  // x32 is left out: few kernels run it, and no program needs it.
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  flags: 0,
  rules: [
    allow(allowed),
    ...Object.entries(byCapability).map(([capability, names]) => allow(names, [capability])),
    ...personalities.map((a) =>
      rule(['personality'], action.allow, { condition: { compare: compare.equal, a, b: 0n } }),
    ),
    rule(['clone'], action.allow, {
      condition: { compare: compare.maskedEqual, a: namespaceFlags, b: 0n },
      ...notAdmin,
    }),
    // A filter cannot read its flags, which are in memory. If it does not exist, libraries use clone.
    rule(['clone3'], action.errno(enosys), notAdmin),
  ],
};

/** Calls that get EPERM when the low 32 bits of an argument, the ones that the kernel uses, have one of these values. */
export interface ForbiddenArgument {
  readonly name: string;
  readonly argument: number;
  readonly values: readonly number[];
}

/** Beside the rules of the built-in profile. */
export const builtinForbidden: readonly ForbiddenArgument[] = [
  // TIOCSTI and TIOCLINUX type into a terminal, which could be the host's (CVE-2017-5226).
  { name: 'ioctl', argument: 1, values: [0x5412, 0x541c] },
  // AF_ALG: ciphers of the kernel, with a history of faults. AF_VSOCK: sockets to the hypervisor have no namespace.
  { name: 'socket', argument: 0, values: [38, 40] },
];
