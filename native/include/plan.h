/*
 * The launch plan's binary form, written by daemon/kernel/plan/encode.ts.
 *
 * Little-endian. u32 magic "LKRP", u32 version, then records: u16 kind, u16 zero, u32 length, payload.
 * Fields in a payload stand one after the other without padding: u32, u64, and str = u32 length, bytes, NUL
 * (the NUL is not counted, so a str can be used in place as a C string). bool is a u32. A list is a u32
 * count and its elements. The fields of each kind, in order, are those of the type Step in steps.ts.
 */
#pragma once

#define PLAN_MAGIC 0x50524b4cu
#define PLAN_VERSION 1u

enum plan_kind {
  /* step                     payload */
  STEP_JOIN_NAMESPACE = 1,    /* u32 clone flag, u32 pid, u64 start time (field 22 of /proc/PID/stat) */
  STEP_JOIN_CGROUP = 2,       /* str file: write "0\n" to it */
  STEP_UNSHARE = 3,           /* u32 flags */
  STEP_OOM_SCORE = 4,         /* u32 (read as i32) value */
  STEP_PROPAGATION = 5,       /* u32 mount(2) flags for "/" */
  STEP_ROOT_OVERLAY = 6,      /* str at, str options of mount(2) */
  STEP_ROOT_BIND = 7,         /* str at, str source, bool read-only, str options of an overlay to take its place,
                                 list of str targets whose lack makes it do so, list of str mounts below source */
  STEP_MOUNT = 8,             /* str type, str source, str target, u32 MOUNT_ATTR_*, u32 create, bool optional,
                                 list of (bool has value, str key, str value) */
  STEP_BIND = 9,              /* str source, str target, bool recursive, u32 MOUNT_ATTR_*, bool those on the top alone,
                                 u32 propagation, u32 create, bool optional */
  STEP_DIRECTORY = 10,        /* str target, u32 mode */
  STEP_SYMLINK = 11,          /* str target, str to */
  STEP_DEVICE = 12,           /* str target, bool block, u32 major, u32 minor, u32 mode */
  STEP_TERMINAL = 13,         /* bool console, u32 uid (or FOUND_ID), u32 gid */
  STEP_HOSTNAME = 14,         /* str name */
  STEP_DOMAINNAME = 15,       /* str name */
  STEP_LOOPBACK = 16,         /* nothing */
  STEP_SYSCTL = 17,           /* str path below /proc/sys, with slashes; str value */
  STEP_PIVOT = 18,            /* nothing */
  STEP_MASK = 19,             /* str target */
  STEP_READ_ONLY = 20,        /* str target */
  STEP_ROOT_READ_ONLY = 21,   /* nothing */
  STEP_INIT = 22,             /* nothing */
  STEP_STDIO = 23,            /* nothing */
  STEP_RLIMIT = 24,           /* u32 resource, u64 soft, u64 hard */
  STEP_UMASK = 25,            /* u32 mask */
  STEP_CWD = 26,              /* str path, bool create */
  STEP_GROUPS = 27,           /* u32 count, u32 gid each */
  STEP_NO_NEW_PRIVILEGES = 28,/* nothing */
  STEP_SECCOMP = 29,          /* str filter: struct sock_filter array */
  STEP_BOUNDING = 30,         /* u64 set */
  STEP_USER = 31,             /* u32 uid, u32 gid; or FOUND_ID twice */
  STEP_CAPABILITIES = 32,     /* u64 effective, u64 permitted, u64 inheritable, u64 ambient; the first two are for root
                                 alone when the user was found */
  STEP_EXEC = 33,             /* list of str args, list of str env */
  STEP_BIND_OF = 34,          /* u32 pid, u64 start time, str path, u32 MOUNT_ATTR_*, bool optional */
  STEP_JOIN_PATH = 35,        /* u32 clone flag, str file: a namespace of the host's, such as /run/netns/NAME */
  STEP_CGROUPS = 36,          /* str target, u32 MOUNT_ATTR_*, list of (str name, str source), list of (str name, str to) */
  STEP_PROC_OF = 37,          /* u32 pid, u64 start time, u32 MOUNT_ATTR_* */
  STEP_LOOK_UP_USER = 38,     /* str user (name or uid; empty: 0), bool has group, str group, list of str further groups:
                                 who that is by /etc/passwd and /etc/group of the root. Sets the groups of the process,
                                 and HOME unless it is given; FOUND_ID stands for the uid and gid in later steps */
  STEP_FILE_STORE = 40,       /* str at, str size */
  STEP_FILE = 41,             /* str target, str content, u32 MOUNT_ATTR_* */
  STEP_TAKE = 42,             /* str source, bool recursive, u32 MOUNT_ATTR_*, bool those on the top alone,
                                 u32 propagation */
  STEP_ATTACH = 43,           /* list of str targets, one for each tree that was taken */

  PLAN_SHIM = 0x100,          /* str container id, str run folder, str log folder (empty: no log), u64 bytes of a
                                 log segment, u32 segments kept, u32 bytes of a ring (power of two), str memory.events
                                 or v1's memory.oom_control of the container's cgroup (empty: none) */
  PLAN_LAUNCH = 0x101,        /* u32 clone flags, str cgroup2 folder (empty: none), bool tty, bool open stdin,
                                 u32 columns, rows, x pixels, y pixels, u32 namespaces of the main process to
                                 join, u32 pid + u64 start time whose pid namespace to join (0: none),
                                 u64 window (0: none) */
  PLAN_PROCESSES = 0x102,     /* str cgroup folder. Alone in its plan: nothing is started, but told over the socket what
                                 /proc says of the processes there, and the shim ends */
  PLAN_USER = 0x103,          /* u32 pid, u64 start time: likewise, who the user of a STEP_LOOK_UP_USER, which comes next, is
                                 in the mount namespace of that process */
};

/* The greatest kind of a step that this shim knows. */
#define LAST_STEP STEP_ATTACH

/* No uid and no gid of anybody. */
#define FOUND_ID 0xffffffffu

enum plan_create { CREATE_NONE = 0, CREATE_DIRECTORY = 1, CREATE_FILE = 2 };
