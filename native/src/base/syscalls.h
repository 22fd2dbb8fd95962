/* An inline wrapper for each raw system call that glibc lacks or wraps with state. All return -1 and errno on failure. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

/* Repeats the call as long as a signal interrupts it. */
#define RETRY(call)                                   \
  ({                                                  \
    __typeof__ (call) result_;                        \
    do                                                \
      result_ = (call);                               \
    while (result_ < 0 && errno == EINTR);            \
    result_;                                          \
  })

/* The kernel's signal set is 64 bits. */
#define KERNEL_SIGNALS 64
#define KERNEL_SIGSET_SIZE 8

static inline long sys_clone3 (struct clone_args *args) { return syscall (SYS_clone3, args, sizeof *args); }

/* For a fork under the container's seccomp filter. Filters like Docker's refuse clone3, because they cannot see its flags. */
static inline long sys_clone (unsigned long flags) { return syscall (SYS_clone, flags, 0, 0, 0, 0); }

static inline long sys_keyctl (int operation, const char *name) { return syscall (SYS_keyctl, operation, name); }

static inline int sys_openat2 (int dir, const char *path, const struct open_how *how) {
  return (int)syscall (SYS_openat2, dir, path, how, sizeof *how);
}

static inline int sys_fsopen (const char *type) { return (int)syscall (SYS_fsopen, type, FSOPEN_CLOEXEC); }

static inline int sys_fsconfig (int fd, unsigned command, const char *key, const void *value, int aux) {
  return (int)syscall (SYS_fsconfig, fd, command, key, value, aux);
}

static inline int sys_fsmount (int fd, unsigned attributes) {
  return (int)syscall (SYS_fsmount, fd, FSMOUNT_CLOEXEC, attributes);
}

static inline int sys_open_tree (int dir, const char *path, unsigned flags) {
  return (int)syscall (SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}

/* To `name` in the folder. */
static inline int sys_move_mount_at (int from, int folder, const char *name) {
  return (int)syscall (SYS_move_mount, from, "", folder, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Both sides are fds. */
static inline int sys_move_mount (int from, int to) {
  return (int)syscall (SYS_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_mount_setattr (int fd, unsigned flags, struct mount_attr *attr) {
  return (int)syscall (SYS_mount_setattr, fd, "", flags, attr, sizeof *attr);
}

static inline int sys_mount (const char *source, const char *target, const char *type, unsigned long flags,
                             const void *data) {
  return (int)syscall (SYS_mount, source, target, type, flags, data);
}

static inline int sys_umount2 (const char *target, int flags) {
  return (int)syscall (SYS_umount2, target, flags);
}

static inline int sys_pivot_root (const char *root, const char *old) {
  return (int)syscall (SYS_pivot_root, root, old);
}

static inline int sys_setns (int fd, int flags) { return (int)syscall (SYS_setns, fd, flags); }

static inline int sys_unshare (int flags) { return (int)syscall (SYS_unshare, flags); }

static inline int sys_pidfd_open (pid_t pid) { return (int)syscall (SYS_pidfd_open, pid, 0); }

static inline int sys_pidfd_send_signal (int pidfd, int signal) {
  return (int)syscall (SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static inline int sys_close_range (unsigned first, unsigned last, unsigned flags) {
  return (int)syscall (SYS_close_range, first, last, flags);
}

static inline int sys_execveat (int fd, char *const *argv, char *const *envp) {
  return (int)syscall (SYS_execveat, fd, "", argv, envp, 0x1000 /* AT_EMPTY_PATH */);
}

static inline int sys_memfd_create (const char *name, unsigned flags) {
  return (int)syscall (SYS_memfd_create, name, flags);
}

/* For a folder outside the root, the raw call returns "(unreachable)/…"; glibc would search for a path. */
static inline long sys_getcwd (char *buffer, size_t size) { return syscall (SYS_getcwd, buffer, size); }

/* The glibc wrappers of these three signal all threads, which a child of clone does not have. */
static inline int sys_setresuid (uid_t uid) { return (int)syscall (SYS_setresuid, uid, uid, uid); }
static inline int sys_setresgid (gid_t gid) { return (int)syscall (SYS_setresgid, gid, gid, gid); }
static inline int sys_setgroups (size_t count, const void *gids) {
  return (int)syscall (SYS_setgroups, count, gids);
}

/* They return the value before, and never fail. */
static inline void sys_setfsuid (uid_t uid) { syscall (SYS_setfsuid, uid); }
static inline void sys_setfsgid (gid_t gid) { syscall (SYS_setfsgid, gid); }

static inline int sys_capget (void *header, void *data) { return (int)syscall (SYS_capget, header, data); }

static inline int sys_capset (void *header, const void *data) {
  return (int)syscall (SYS_capset, header, data);
}

static inline int sys_seccomp (unsigned operation, unsigned flags, void *args) {
  return (int)syscall (SYS_seccomp, operation, flags, args);
}

static inline int sys_bpf (int command, void *attr, unsigned size) {
  return (int)syscall (SYS_bpf, command, attr, size);
}

/* struct landlock_ruleset_attr grows with the kernel: what it does not know must be zero. */
static inline int sys_landlock_create_ruleset (const void *attr, size_t size) {
  return (int)syscall (SYS_landlock_create_ruleset, attr, size, 0);
}

static inline int sys_landlock_add_rule (int ruleset, int type, const void *attr) {
  return (int)syscall (SYS_landlock_add_rule, ruleset, type, attr, 0);
}

static inline int sys_landlock_restrict_self (int ruleset) {
  return (int)syscall (SYS_landlock_restrict_self, ruleset, 0);
}

/* The whole mask, including the two signals that glibc reserves. */
static inline int sys_sigprocmask (int how, const uint64_t *set, uint64_t *old) {
  return (int)syscall (SYS_rt_sigprocmask, how, set, old, KERNEL_SIGSET_SIZE);
}

/* Waits without a limit for a signal of the set, which must be blocked. */
static inline int sys_sigtimedwait (const uint64_t *set) {
  return (int)syscall (SYS_rt_sigtimedwait, set, NULL, NULL, KERNEL_SIGSET_SIZE);
}

/* All zeroes mean SIG_DFL without flags and mask, on every architecture. */
static inline int sys_signal_default (int signal) {
  static const char action[64];
  return (int)syscall (SYS_rt_sigaction, signal, action, NULL, KERNEL_SIGSET_SIZE);
}
