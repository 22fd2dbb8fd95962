/*
 * The protocol between likerd and the shim of a container, over a Unix stream socket: the socketpair given at
 * spawn, or RUN/shim.sock. Little-endian. Every frame: u32 length of all that follows the length, u8 type,
 * u8 stream (0 none, 1 stdout, 2 stderr), u16 zero, u32 process (0: the main one), payload. likerd's side is
 * common/shim/protocol.ts.
 *
 * There is one daemon at a time: a HELLO on a new connection takes over, and the shim closes the older one. All
 * offsets are bytes since the start of that stream of that process.
 */
#pragma once
#include "sizes.h"

#ifndef SHIM_PROTOCOL /* a test builds shims of other versions; with SHIM_OMITS_LAST_STEP, STATE is that of the first shims */
#define SHIM_PROTOCOL 1u
#endif
#define SHIM_FRAME_HEADER 12u

enum shim_frame {
  /* daemon to shim */
  SHIM_HELLO = 1,        /* u32 protocol version. Answered by SHIM_STATE. */
  SHIM_EXEC = 2,         /* a plan (plan.h) without PLAN_SHIM: start it as the process in the header.
                            Answered by STARTED or FAILED. */
  SHIM_STDIN = 3,        /* u64 session, u64 offset, bytes. A session is one client's. Bytes that the session has
                            already sent are dropped, so a client can send them again. */
  SHIM_CLOSE_STDIN = 4,  /* u64 session. End of stdin, once all of it is written (a pipe is closed; a terminal
                            gets its VEOF character). */
  SHIM_RESIZE = 5,       /* u16 columns, u16 rows, u16 x pixels, u16 y pixels */
  SHIM_SIGNAL = 6,       /* u32 signal, u32 scope: 0 the process (through its init, if it has one; SIGKILL goes to
                            pid 1), 1 the terminal's foreground process group, or else as 0 */
  SHIM_LIMIT = 7,        /* stream; u64 offset: read the source no further than this (all ones: no limit) */
  SHIM_SNAPSHOT = 8,     /* u32 request, u64 since stdout, u64 since stderr: send what the rings hold from there
                            (all ones: nothing, only the end) */
  SHIM_TAKEN = 9,        /* the daemon has the exit of this process. The shim forgets an exec. When the daemon has
                            the exit of the main process and no exec is left, the shim exits. */
  SHIM_STDIN_OFFSET = 10,/* u64 session: answered by SHIM_STDIN_ACK at once */
  SHIM_CONNECTED = 11,   /* The network namespace of a SHIM_CONNECT is connected. At most ANSWER_MAX bytes (sync.h): str for each file of
                            STEP_await_daemon, appended to it */
  SHIM_OPEN = 20,        /* u64 session, u32 bits of enum client_may, u64 since stdout, u64 since stderr (all ones: nothing
                            but what follows); with it a connected, non-blocking socket (SCM_RIGHTS), which is that of a client
                            of the process from now on. Answered by SHIM_CLIENT. */
  SHIM_CLOSE = 21,       /* u64 session: takes what its client has sent, and closes the connection */
  SHIM_LISTEN = 22,      /* u32 bits: 1 send the process's DATA (as after HELLO), 2 the daemon has clients of the process */

  /* client to shim, of the process and the session of its OPEN, whatever the frame says: SHIM_STDIN (at most MAX_DATA_BYTES),
     SHIM_CLOSE_STDIN, SHIM_RESIZE, SHIM_SIGNAL */

  /* shim to daemon */
  SHIM_STATE = 128,      /* u32 protocol version, u32 pid of the shim, u32 count, then for each process: u32 process,
                            u32 state (1 starting, 2 running, 3 ended), u32 tty, u32 pid, u64 start time,
                            u64 started at (ns since the epoch), u64 stdout produced, u64 stderr produced,
                            u64 stdout limit, u64 stderr limit, and if it has ended, the payload of SHIM_EXIT.
                            Then u32 the longest frame that the shim accepts; older shims omit it and accept 4 MiB.
                            Then u32 the last kind of step that it knows; a shim that omits it knows STEP_join_path.
                            Then u32 bits: 1 it takes SHIM_OPEN, SHIM_CLOSE and SHIM_LISTEN; a shim that omits it takes none */
  SHIM_STARTED = 129,    /* u32 pid, u64 start time, u64 started at (ns): exec has happened */
  SHIM_FAILED = 130,     /* u32 index of the step in the plan (all ones: before the first), i32 errno,
                            str step's name, str system call, str object. Nothing of the process is left. */
  SHIM_DATA = 131,       /* stream; u64 offset, bytes */
  SHIM_SNAPSHOT_DATA = 132, /* stream; u32 request, u64 offset, bytes */
  SHIM_SNAPSHOT_END = 133,  /* u32 request, u64 stdout produced, u64 stderr produced. DATA after this frame begins
                            exactly there. */
  SHIM_STDIN_ACK = 134,  /* u64 session, u64 offset: so much of it was written to the process; all ones if the
                            process has closed its stdin */
  SHIM_EXIT = 135,       /* i32 code, i32 signal, u32 core dumped, u64 exited at (ns), u64 stdout total,
                            u64 stderr total, u32 output cut. Comes after the last DATA of the process. The
                            exit record is on disk, unless the disk was full. */
  SHIM_OOM = 136,        /* u64 count of processes that the kernel has killed in the container since its start because
                            memory was short. Sent at each kill while a daemon is connected, not again after HELLO. */
  SHIM_LOG_LOST = 137,   /* stream; u64 bytes that could not be written to the log. Sent when the log can be written
                            again, or at the end. */
  SHIM_STDIN_REFUSED = 141, /* u64 session, u64 offset: the bytes of a STDIN from this offset on were not accepted,
                            because it began beyond it or the queue is full. Older shims close the connection instead. */

  SHIM_CONNECT = 143,    /* u32 an fd of the shim: the network namespace of the main process, which waits in STEP_await_daemon for
                            SHIM_CONNECTED. The shim keeps it open until it ends. Sent again after STATE. */
  SHIM_NETWORK = 144,    /* u32 0: the program that connects the network namespace has ended, or could not be started again, and will be
                            started again; 1: it is there again. str how it ended. Sent after STATE if no daemon was told. */
  SHIM_CLIENT = 161,     /* u64 session, u32: 1 its client is connected, 0 it could not be, and the socket is closed */

  /* shim to client: SHIM_DATA, SHIM_STDIN_ACK, SHIM_EXIT as to the daemon, and first of all */
  SHIM_OPENED = 160,     /* u64 offset of the first byte of stdout that follows, u64 likewise of stderr, u64 how much of the session's
                            stdin was written to the process (all ones: it has closed it). A later jump of the offsets means that
                            bytes were skipped, since the client read too slowly. */

  /* from a shim started with PLAN_PROCESSES, in this order */
  SHIM_PROCESS_COUNT = 138, /* u32 processes in all, u32 how many of them follow */
  SHIM_PROCESS = 139,    /* process: its pid on the host; u32 length of /proc/PID/stat (0: it is gone), its text, then the
                            lines Uid, NSpid and VmRSS of /proc/PID/status. One frame for each. */
  SHIM_ARGUMENTS = 140,  /* process: its pid; the first 4096 bytes of /proc/PID/cmdline */
  /* from a shim started with PLAN_STEPS: this, or SHIM_FAILED */
  SHIM_DONE = 150,       /* nothing */
  /* from a shim started with PLAN_USER: this, or SHIM_FAILED */
  SHIM_USER = 142,       /* u32 uid, u32 gid, str home, u32 count, u32 gid of each further group */
};

/* What a client may do. One that may do nothing is an onlooker: the process does not wait for it. */
enum client_may { MAY_CONTROL = 1, MAY_SEND_STDIN = 2 };

/*
 * The exit record, RUN/exit.PROCESS, written to a temporary file and renamed: lines "key=value" of
 * code, signal, core, exited_at (ns), stdout, stderr, cut, pid, started_at (ns).
 */
