/*
 * The protocol between likerd and a container's shim, over a Unix stream socket (the socketpair given at
 * spawn, or RUN/shim.sock). Little-endian. Every frame: u32 length of all that follows the length, u8 type,
 * u8 stream (0 none, 1 stdout, 2 stderr), u16 zero, u32 process (0: the main one), payload. Written by
 * daemon/kernel/process/protocol.ts on the other side.
 *
 * One daemon at a time: a HELLO on a new connection takes over, and the shim closes the older one. All
 * offsets are bytes since the start of that stream of that process.
 */
#pragma once
#include "sizes.h"

#ifndef SHIM_PROTOCOL /* a test builds shims of other versions; with SHIM_TELLS_NO_STEP as they were at first */
#define SHIM_PROTOCOL 1u
#endif
#define SHIM_FRAME_HEADER 12u

enum shim_frame {
  /* daemon to shim */
  SHIM_HELLO = 1,        /* u32 protocol version. Answered by SHIM_STATE. */
  SHIM_EXEC = 2,         /* a plan (plan.h) without PLAN_SHIM: start it as the process of the header.
                            Answered by STARTED or FAILED. */
  SHIM_STDIN = 3,        /* u64 session, u64 offset, bytes. A session is one client's; what is below the offset
                            already taken from that session is dropped, so that a client can send again. */
  SHIM_CLOSE_STDIN = 4,  /* u64 session. End of stdin once all of it is written (a pipe is closed; a terminal
                            gets its VEOF character). */
  SHIM_RESIZE = 5,       /* u16 columns, u16 rows, u16 x pixels, u16 y pixels */
  SHIM_SIGNAL = 6,       /* u32 signal, u32 scope: 0 the process (with an init: through it; SIGKILL hits pid 1),
                            1 the terminal's foreground process group, else as 0 */
  SHIM_LIMIT = 7,        /* stream; u64 offset: read the source no further than this (all ones: no bound) */
  SHIM_SNAPSHOT = 8,     /* u32 request, u64 since stdout, u64 since stderr: send what the rings hold from there
                            (all ones: nothing, only the end) */
  SHIM_TAKEN = 9,        /* the daemon has the exit of this process. An exec is forgotten; when the main
                            process has ended and is taken and no exec is left, the shim ends. */
  SHIM_STDIN_OFFSET = 10,/* u64 session: answered by SHIM_STDIN_ACK at once */

  /* shim to daemon */
  SHIM_STATE = 128,      /* u32 protocol version, u32 pid of the shim, u32 count, then per process: u32 process,
                            u32 state (1 starting, 2 running, 3 ended), u32 tty, u32 pid, u64 start time,
                            u64 started at (ns since the epoch), u64 stdout produced, u64 stderr produced,
                            u64 stdout limit, u64 stderr limit, and when ended: the payload of SHIM_EXIT. Then u32
                            greatest length of a frame that the shim takes: shims of before do not tell it, 4 MiB.
                            Then u32 greatest kind of a step that it knows; one that tells none knows STEP_JOIN_PATH */
  SHIM_STARTED = 129,    /* u32 pid, u64 start time, u64 started at (ns): exec has happened */
  SHIM_FAILED = 130,     /* u32 index of the step in the plan (all ones: before the first), i32 errno,
                            str step's name, str system call, str object. Nothing of the process is left. */
  SHIM_DATA = 131,       /* stream; u64 offset, bytes */
  SHIM_SNAPSHOT_DATA = 132, /* stream; u32 request, u64 offset, bytes */
  SHIM_SNAPSHOT_END = 133,  /* u32 request, u64 stdout produced, u64 stderr produced. DATA that the daemon gets
                            after this frame begins exactly there. */
  SHIM_STDIN_ACK = 134,  /* u64 session, u64 offset: that much of it was written to the process; or the
                            process has closed its stdin (then all ones) */
  SHIM_EXIT = 135,       /* i32 code, i32 signal, u32 core dumped, u64 exited at (ns), u64 stdout total,
                            u64 stderr total, u32 output cut. Comes after the last DATA of the process; the
                             exit record is on disk, unless there was no room for it. */
  SHIM_OOM = 136,        /* u64 count: so many processes of the container the kernel has killed for want of memory since
                            its start. Told at each kill while a daemon is there, not again after HELLO. */
  SHIM_LOG_LOST = 137,   /* stream; u64 bytes: so much of it could not be written to the log, and what comes now can, or
                            nothing comes any more */
  SHIM_STDIN_REFUSED = 141, /* u64 session, u64 offset: of a STDIN the bytes from this offset on were not taken, since it
                            began behind them or there is no room. Shims of before close the connection instead. */

  /* of a shim that was asked by PLAN_PROCESSES, in this order */
  SHIM_PROCESS_COUNT = 138, /* u32 processes in all, u32 of them that are told */
  SHIM_PROCESS = 139,    /* process: its pid on the host; u32 length of /proc/PID/stat (0: it is gone), its text, then the
                            lines Uid, NSpid and VmRSS of /proc/PID/status. One for each that is told. */
  SHIM_ARGUMENTS = 140,  /* process: its pid; the first 4096 bytes of /proc/PID/cmdline */
  /* of one that was asked by PLAN_USER: this, or SHIM_FAILED */
  SHIM_USER = 142,       /* u32 uid, u32 gid, str home, u32 count, u32 gid of each further group */
};

/*
 * The exit record, RUN/exit.PROCESS, written to a temporary file and renamed: lines "key=value" of
 * code, signal, core, exited_at (ns), stdout, stderr, cut, pid, started_at (ns).
 */
