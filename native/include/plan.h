/*
 * The binary form of a launch plan, as daemon/kernel/plan/encode.ts writes it.
 *
 * Little-endian. u32 magic "LKRP", u32 version, then records: u16 kind, u16 zero, u32 length, payload.
 * The fields of a payload follow each other without padding: u32, u64, and str = u32 length, bytes, NUL
 * (the length excludes the NUL, so a str can be used in place as a C string). A bool is a u32. A list is
 * a u32 count and its elements. steps.def lists the fields of each step.
 */
#pragma once

/*
 * A shim gets its plan, a sealed memfd, from its socket, before the first frame: by messages (SCM_RIGHTS) of at most PLAN_FDS descriptors, each
 * with a u32: how many follow in other messages. The first descriptor is the plan, the others are those that the shim only keeps open.
 */
#define PLAN_FDS 250u /* the kernel passes at most 253 */

#define PLAN_MAGIC 0x50524b4cu
#define PLAN_VERSION 1u

enum plan_kind {
#define STEP(kind, name) STEP_##name = kind,
#include "steps.def"
#undef STEP
  STEPS_END, /* one more than the last kind of a step */

  PLAN_SHIM = 0x100,      /* str container id, str run folder (empty: the shim ends with the daemon that started it), str log folder (empty: no log), u64 bytes per log
                             segment, u32 segments to keep, u32 bytes of a ring (a power of two), str memory.events
                             or v1's memory.oom_control of the container's cgroup (empty: none), list of str: the
                             program that connects the network namespace (network.c; empty: none) */
  PLAN_LAUNCH = 0x101,    /* u32 clone flags, str cgroup2 folder (empty: none), bool tty, bool open stdin,
                             u32 columns, rows, x pixels, y pixels, u32 namespaces of the main process to
                             join, u32 pid + u64 start time of a process whose pid namespace to join (0: none),
                             u64 window (0: none) */
  PLAN_PROCESSES = 0x102, /* str cgroup folder, u32 count, u32 pid of each. The only record of its plan: the shim starts nothing,
                             sends what /proc says about the processes there and about those, and ends */
  PLAN_USER = 0x103,      /* u32 pid, u64 start time: the shim starts nothing, sends the result of the STEP_look_up_user
                             that follows, looked up in the mount namespace of that process, and ends */
  PLAN_STEPS = 0x110,     /* nothing: the shim starts nothing, does the steps that follow (query_steps.c says which it may), sends SHIM_DONE
                             or SHIM_FAILED, and ends */
};

/* As a uid or gid: the one that STEP_look_up_user found. The kernel never gives this number to anybody. */
#define FOUND_ID 0xffffffffu

/* No number of anything held. */
#define NOT_HELD 0xffffffffu

enum plan_create { CREATE_NONE = 0, CREATE_DIRECTORY = 1, CREATE_FILE = 2 };
