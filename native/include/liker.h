/*
 * libliker: the few calls that likerd makes through FFI. Each returns 0 (or what it says) or -errno; none
 * keeps state, prints, or exits.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LIKER_API __attribute__ ((visibility ("default")))

struct liker_spawned {
  uint32_t size;   /* sizeof this struct, set by the caller */
  int32_t pid;     /* of the shim */
  int32_t pidfd;   /* O_CLOEXEC */
  int32_t socket;  /* the daemon's end of the shim's socket: O_CLOEXEC, O_NONBLOCK */
  char call[16];   /* the system call that has failed, when it did */
};

/* Opens the shim's binary and copies it into a sealed, executable memfd. Returns the fd. Once per daemon. */
LIKER_API int liker_load_shim (const char *path);

/*
 * Starts a shim with clone3 (CLONE_VM | CLONE_VFORK | CLONE_PIDFD) and execveat of shim_fd: its own session,
 * all signal dispositions and the mask reset, no other fd inherited. It finds the plan in a sealed memfd.
 */
LIKER_API int liker_spawn_shim (int shim_fd, const void *plan, size_t plan_size, struct liker_spawned *out);

/* SO_PEERCRED of a connected Unix socket. */
LIKER_API int liker_peer_credentials (int fd, int32_t *pid, uint32_t *uid, uint32_t *gid);

/* pidfd_open(2), but only if field 22 of /proc/PID/stat is start_time, checked after opening. Returns the fd, -ESRCH. */
LIKER_API int liker_pidfd_open (int pid, uint64_t start_time);
LIKER_API int liker_pidfd_signal (int pidfd, int signal);
/* 1 if the process has ended, 0 if not. */
LIKER_API int liker_pidfd_ended (int pidfd);
/* waitid(P_PIDFD, WEXITED): blocks; for a child of the caller. Returns 0. Call it asynchronously. */
LIKER_API int liker_pidfd_reap (int pidfd);
LIKER_API int liker_close (int fd);

/*
 * Reads files of the kernel's file systems, all into one buffer. `paths` are `count` absolute paths, each with its NUL,
 * one after the other. fds[i] is an fd of the file from a call before, -1 to open it, -2 to pass it over; with `keep`
 * what was opened stays open in fds, for liker_close_files, else it is closed. lengths[i] becomes the number of bytes
 * of file i, which stand in the buffer after those of the files before, or -errno (-EFBIG: the buffer is too small).
 * Returns the number of bytes in all.
 */
LIKER_API ssize_t liker_read_files (const char *paths, int32_t *fds, size_t count, int keep, void *buffer, size_t size,
                                    int32_t *lengths);
/* Closes what is open; that becomes -1. */
LIKER_API void liker_close_files (int32_t *fds, size_t count);

/*
 * Loads a BPF_PROG_TYPE_CGROUP_DEVICE program (an array of struct bpf_insn) and attaches it to a v2 cgroup with
 * BPF_F_ALLOW_MULTI. The kernel keeps it as long as the cgroup lives.
 */
LIKER_API int liker_attach_device_filter (const char *cgroup, const void *instructions, size_t count);

/*
 * The same with a BPF_PROG_TYPE_CGROUP_SOCK program, which runs for each socket that the cgroup's processes make, in
 * place of the one before; count 0 only takes that away.
 */
LIKER_API int liker_attach_socket_program (const char *cgroup, const void *instructions, size_t count);

/*
 * Sends rtnetlink requests (struct nlmsghdr each, one after the other, NLM_F_ACK or NLM_F_DUMP set) in a network
 * namespace, each after the answer to the one before, up to the first that the kernel refuses. `namespace` is an fd of
 * one, or -1 for a fresh one that is gone afterwards. Returns the bytes of all answers, -EMSGSIZE when they do not fit.
 */
LIKER_API int64_t liker_netlink (int namespace, const void *requests, size_t requests_size, void *answer,
                                 size_t answer_size);

/*
 * mkdir(2), with mode 0755 whatever the umask, and rmdir(2) of each of `count` absolute paths, which stand one after the other, each with its NUL. results[i]
 * becomes 0 or -errno. For cgroups, whose calls wait for one lock of the whole kernel: call them asynchronously.
 */
LIKER_API void liker_make_folders (const char *paths, int32_t *results, size_t count);
LIKER_API void liker_remove_folders (const char *paths, int32_t *results, size_t count);

/* Removes a file or a folder with all that is in it, on one file system or several; links are not followed.
 * Gone already is no error. Call it asynchronously where the tree may be large. */
LIKER_API int liker_remove_tree (const char *path);

/*
 * Empties a removed container's folders and keeps those that the next one can use: `log` and `work` below `base`.
 * Returns 1 if nothing else is left there, 0 if something is. Call it asynchronously.
 */
LIKER_API int liker_empty_container (const char *base);

/* Locks a file, which is made, for this process until it closes it or ends. Returns the fd, or -EAGAIN with the pid of
 * the process that has it locked (0: it has just let go). */
LIKER_API int liker_lock (const char *path, int32_t *holder);

/* Sends one datagram to the service manager's Unix socket (sd_notify(3)); '@' begins an abstract name. Does not wait. */
LIKER_API int liker_notify (const char *path, const char *text);

/* Sum of the sizes (st_size) of all files in a tree but folders; links are not followed, a file with two names counts
 * twice. 0 when there is none. Call it asynchronously. */
LIKER_API int64_t liker_tree_size (const char *path);
/*
 * Gives back memory that is not needed now: what malloc holds free, and the pages of programs and libraries, which come
 * back from the page cache when they are touched again. Call it asynchronously; no library may be unloaded meanwhile.
 */
LIKER_API int liker_trim (void);

/*
 * Sets the nice value (sched(7)) of the calling thread; what it starts, threads and processes, has 0. 1 when that is done, 0
 * when somebody has given it another priority before.
 */
LIKER_API int liker_set_nice (int nice);
