/*
 * libliker: the few calls that likerd makes through FFI. Each returns 0 (or what it says) or -errno. None
 * keeps state (but a socket of nfnetlink), prints, or exits.
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
  char call[16];   /* on failure: the system call that failed */
};

/* Copies the shim's binary into a sealed, executable memfd and returns its fd. Once per daemon. */
LIKER_API int liker_load_shim (const char *path);

/*
 * Starts a shim with clone (CLONE_VM | CLONE_VFORK | CLONE_PIDFD) and execveat of shim_fd: in its own session, with
 * default signal dispositions, an empty mask and no other fd. It gets the plan as by liker_send_plan. Without one (NULL) it waits for that,
 * and ends if the socket is closed before.
 */
LIKER_API int liker_spawn_shim (int shim_fd, const void *plan, size_t plan_size, const int32_t *held, size_t held_count,
                                struct liker_spawned *out);

/*
 * Gives a shim its plan in a sealed memfd, and copies of `held_count` fds, which the shim only keeps open. On failure `call` (of `size` zeroed
 * bytes) names what has failed; a shim of which likerd has the other end then still waits, or has ended (-EPIPE).
 */
LIKER_API int liker_send_plan (int socket, const void *plan, size_t plan_size, const int32_t *held, size_t held_count, char *call,
                               size_t size);

/*
 * Takes a port of the host for as long as the returned fd is open. `protocol`: IPPROTO_*. `address`: IPv4 or IPv6 in text; :: is IPv6
 * alone. Port 0: any that is free. `bound` becomes the port.
 */
LIKER_API int liker_bind_port (int protocol, const char *address, uint16_t port, uint16_t *bound);

/* The index of an interface in the caller's network namespace, or -ENODEV. Waits for no change of interfaces that is under way. */
LIKER_API int liker_link (const char *name, int32_t *mtu, int32_t *is_up);

/* From here on whoever sets SO_REUSEADDR can bind the socket's port, too, as long as nobody listens there. */
LIKER_API int liker_share_port (int fd);

/* SO_PEERCRED of a connected Unix socket. */
LIKER_API int liker_peer_credentials (int fd, int32_t *pid, uint32_t *uid, uint32_t *gid);

/*
 * pidfd_open(2), but only if field 22 of /proc/PID/stat is start_time, which is checked after opening. Returns the fd,
 * or -ESRCH.
 */
LIKER_API int liker_pidfd_open (int pid, uint64_t start_time);
LIKER_API int liker_pidfd_signal (int pidfd, int signal);
/* 1 if the process has ended, 0 if not. */
LIKER_API int liker_pidfd_ended (int pidfd);
/* waitid(P_PIDFD, WEXITED) for a child of the caller. Blocks: call it asynchronously. */
LIKER_API int liker_pidfd_reap (int pidfd);
LIKER_API int liker_close (int fd);
/* Sends these few bytes with a copy of the fd (SCM_RIGHTS), all or none; -EAGAIN if a non-blocking socket has no room. */
LIKER_API int liker_send_fd (int socket, void *data, size_t size, int fd);

/*
 * Reads files of kernel file systems into one buffer, one after the other. `paths` has `count` absolute paths in a row,
 * each with its NUL. fds[i] is an fd of file i from an earlier call, -1 to open it, or -2 to skip it. With `keep`, files
 * that were opened stay open in fds, for liker_close_files; otherwise they are closed. lengths[i] becomes the number of
 * bytes of file i, or -errno (-EFBIG: the buffer is full). Returns the total number of bytes.
 */
LIKER_API ssize_t liker_read_files (const char *paths, int32_t *fds, size_t count, int keep, void *buffer, size_t size,
                                    int32_t *lengths);
/* Closes the fds that are open and sets them to -1. */
LIKER_API void liker_close_files (int32_t *fds, size_t count);

/*
 * Loads a BPF_PROG_TYPE_CGROUP_DEVICE program (an array of struct bpf_insn) and attaches it to a v2 cgroup with
 * BPF_F_ALLOW_MULTI. The kernel keeps it as long as the cgroup exists.
 */
LIKER_API int liker_attach_device_filter (const char *cgroup, const void *instructions, size_t count);

/*
 * Likewise with a BPF_PROG_TYPE_CGROUP_SOCK program, which runs for each socket that a process in the cgroup opens. It
 * replaces an earlier one; with count 0, that one is only removed.
 */
LIKER_API int liker_attach_socket_program (const char *cgroup, const void *instructions, size_t count);

/*
 * Sends netlink(7) requests (a row of struct nlmsghdr, each with NLM_F_ACK or NLM_F_DUMP) of a family, such as NETLINK_ROUTE, in a
 * network namespace. Each waits for the answer to the one before; the first refusal ends the row. `namespace` is an fd, or one of
 * the two below. Returns the bytes of all answers, or -EMSGSIZE if they do not fit.
 */
#define LIKER_NEW_NAMESPACE -1 /* which exists during the call only */
#define LIKER_OWN_NAMESPACE -2 /* that of the calling thread */
LIKER_API int64_t liker_netlink (int namespace, int family, const void *requests, size_t requests_size, void *answer,
                                 size_t answer_size);

struct liker_refusal {
  char call[32];    /* what was called */
  char object[256]; /* on what, with the kernel's words */
};

/*
 * Carries out what the fields of a step `connect` (steps.def) say, between the network namespace of the calling thread and another one, an
 * fd. On failure it tells why. What was made until then stays.
 */
LIKER_API int liker_connect (int namespace, const void *fields, size_t size, struct liker_refusal *refusal);

/*
 * Opens the sockets at which a container asks its resolver for names (127.0.0.11) in the network namespace of the process, which is
 * looked at as by liker_pidfd_open, and hands them, with its pidfd, to the resolver that listens at the Unix socket `path`.
 */
LIKER_API int liker_open_resolver (const char *path, const char *container, int pid, uint64_t start_time);

/*
 * Sends nfnetlink messages, such as a batch, in the caller's network namespace, all at once. Returns the bytes of all answers, or
 * -EMSGSIZE if they do not fit.
 */
LIKER_API int64_t liker_nfnetlink (const void *requests, size_t requests_size, void *answer, size_t answer_size);
/*
 * Returns an fd that hears of each change of nftables in the caller's network namespace. The process gets SIGIO when there are some, which
 * ends it unless it is handled.
 */
LIKER_API int liker_watch_nftables (void);
/*
 * Takes what such an fd has heard. 1 if somebody has removed the table `inet NAME`, or a chain or rule of it, or may have; else 0. On the
 * main thread only.
 */
LIKER_API int liker_table_touched (int fd, const char *table);

/*
 * mkdir(2), with mode 0755 whatever the umask, or rmdir(2) of each of `count` absolute paths in a row, each with its NUL.
 * results[i] becomes 0 or -errno. Call them asynchronously for cgroups: those calls wait for a lock of the whole kernel.
 */
LIKER_API void liker_make_folders (const char *paths, int32_t *results, size_t count);
LIKER_API void liker_remove_folders (const char *paths, int32_t *results, size_t count);

/*
 * Removes a file, or a folder with everything in it, across mounts, without following links. If it does not exist, returns
 * 0. Call it asynchronously if the tree may be large.
 */
LIKER_API int liker_remove_tree (const char *path);

/* Writes everything that was changed in the folder's file system to its disk (syncfs(2)). Call it asynchronously. */
LIKER_API int liker_sync_files (const char *folder);

/*
 * Empties the folders of a removed container and keeps those that the next one can use: `log` and `work` below `base`.
 * Returns 1 if nothing else is left there, 0 if something is. Call it asynchronously.
 */
LIKER_API int liker_empty_container (const char *base);

/*
 * Limits what is in `count` folders together, absolute paths in a row, each with its NUL, by a project quota of its own. They must be on
 * one file system, and empty. On failure `call` (of `size` zeroed bytes) names what has failed.
 */
LIKER_API int liker_limit_folders (const char *paths, size_t count, uint64_t bytes, char *call, size_t size);
/* What will be in the folder `to` counts for the limit of the folder `from`, if that has one. */
LIKER_API int liker_share_limit (const char *from, const char *to);
/* Gives up the limit that liker_limit_folders has given a folder, if it has one. Whoever else limits projects keeps theirs. */
LIKER_API int liker_release_limit (const char *path);

/*
 * Opens a file, which is made if it is missing, and locks it until this process closes it or ends. Returns the fd, or
 * -EAGAIN and the pid of the process that has the lock (0: it has just released it).
 */
LIKER_API int liker_lock (const char *path, int32_t *holder);

/* Sends a datagram to the service manager's Unix socket (sd_notify(3)). An '@' begins an abstract name. Does not block. */
LIKER_API int liker_notify (const char *path, const char *text);

/*
 * Bytes that a tree takes on the disk, with its folders; of a file with names elsewhere its share. Links are not followed. 0 if it does not
 * exist. Call it asynchronously.
 */
LIKER_API int64_t liker_tree_room (const char *path);

/* Whether overlayfs's attribute, such as "trusted.overlay.opaque", marks the folder as opaque: 1 or 0. */
LIKER_API int liker_is_opaque (const char *folder, const char *attribute);

/*
 * Frees memory that is not needed now: free memory of malloc, and pages of programs and libraries, which come back from
 * the page cache on the next access. Call it asynchronously; no library may be unloaded meanwhile.
 */
LIKER_API int liker_trim (void);

/*
 * Sets the nice value (sched(7)) of the calling thread. Threads and processes that it starts have 0. Returns 1 if it was
 * set, 0 if the thread already had another priority.
 */
LIKER_API int liker_set_nice (int nice);

/*
 * Tries whether the mount that `path` is on can be idmapped (mount_setattr(2), MOUNT_ATTR_IDMAP), on a detached copy. On failure
 * the call that failed is written to `call`, which has `size` bytes, zero-filled.
 */
LIKER_API int liker_probe_idmap (const char *path, char *call, size_t size);

/*
 * Whether a new network namespace has the file `path` of /proc/sys/net: 1 or 0. With `in_user_namespace` it belongs to a new user
 * namespace, from which the kernel withholds some.
 */
LIKER_API int liker_probe_sysctl (const char *path, int in_user_namespace);
