/* The state of the shim: its container, and the daemon that it talks to. Types only; each module declares its functions. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include "log.h"
#include "loop.h"
#include "oom.h"
#include "outbox.h"
#include "plan/sync.h"

#define NO_BOUND UINT64_MAX
#define STDIN_SESSIONS 8
#define MAX_WAITING 8
#define LOSS_SIZE 256

enum phase { STARTING = 1, RUNNING, DRAINING, ENDED };

/* One output of a process. The ring has its last bytes: offset o is at ring[o % size]. */
struct stream {
  uint8_t number;        /* 1 stdout (or the terminal), 2 stderr */
  struct source source;  /* the pipe, or the terminal's master */
  bool eof;
  uint8_t *ring;         /* mapped when the first byte arrives */
  uint32_t ring_size;
  uint64_t produced;     /* bytes read from the source */
  uint64_t sent;         /* bytes written to the daemon's socket */
  uint64_t limit;        /* read no further than this offset */
  uint64_t extra;        /* plus so many bytes */
  uint64_t read_at;      /* ms */
};

/* Input that waits for the process to read. Without bytes: the end of a terminal's input. */
struct chunk {
  struct chunk *next;
  uint64_t session;
  size_t size, done;
  uint8_t data[];
};

/* The input of one client. */
struct session {
  bool used;
  uint64_t id;
  uint64_t taken;   /* accepted: bytes below this offset that arrive again are dropped */
  uint64_t written; /* passed to the process */
  uint64_t acked;
};

struct input {
  struct source source; /* of a pipe; a terminal has that of its stream */
  bool closing;         /* close the pipe when the queue is empty */
  bool closed;
  struct chunk *first, **last;
  size_t queued;
  uint8_t last_byte;
  uint64_t retry_at; /* ms; 0: none */
  uint64_t ack_at;   /* ms; 0: nothing waits for an acknowledgement */
  struct session sessions[STDIN_SESSIONS];
  unsigned next_session; /* the slot to reuse */
};

struct process {
  struct process *next;
  uint32_t number; /* 0: the main one */
  enum phase phase;
  bool tty;
  pid_t pid;
  int pidfd;
  uint64_t start_time;
  uint64_t started_at; /* ns */
  pid_t helper; /* 0 without one */
  bool helper_ended;
  unsigned messages; /* read from sync so far */
  struct source sync;
  int status; /* the shim's end of the init's status socket */
  bool executing;
  bool failed;
  bool killed; /* by the shim, because a step failed */
  bool failure_sent;
  struct failure failure;
  int pending_signal; /* arrived before the pid */
  struct winsize size;
  bool resized; /* before the terminal existed */
  struct stream out[2];
  struct input in;
  bool reaped;
  int wait_status;
  uint64_t exited_at; /* ns */
  uint64_t drain_at;  /* ms */
  bool cut;
  bool exit_sent;
  bool taken;
  bool unheard; /* the daemon wants none of its output: all its clients are connected to the shim */
  bool others;  /* the daemon has clients of it */
};

/* A DATA frame that is being sent: its header, and bytes that are still in the ring, or in a copy of their own. */
struct data_frame {
  struct stream *stream;
  uint64_t *sent; /* how much of the stream this connection has been sent */
  uint8_t *copy;  /* NULL: in the ring */
  size_t copied;
  uint8_t header[20];
  size_t header_left;
  size_t left;
};

/* Of the daemon, or of a client: then `process` is what it is attached to. */
struct connection {
  struct source source;
  bool doomed;
  bool held; /* frames wait in `in` until the answers to earlier ones have been sent */
  uint8_t *in;
  size_t in_length, in_capacity;
  uint64_t received_at; /* ms */
  struct outbox out;
  struct data_frame data;
  uint64_t progress_at; /* ms: when the socket last took bytes, or had none to take */
  int passed;           /* the file that came last with a frame of the daemon; -1: none */
  struct connection *next;
  struct process *process;
  uint64_t session;
  uint32_t may;     /* enum client_may of protocol.h */
  uint64_t sent[2]; /* bytes written to a client, of each stream */
  bool waited_for;  /* no byte is overwritten before this client has it */
  bool exit_sent;
  bool leaves; /* the daemon lets it go, once what it has sent is read */
};

/* What connects the container's network namespace: a step of its plan, or a program. */
struct network {
  uint8_t *step; /* the fields of STEP_connect, until it is done; NULL without it */
  size_t step_size;
  char **arguments; /* NULL without one */
  pid_t starter;    /* which ends when the program is in the background */
  bool starter_ended;
  pid_t program;    /* in the background; 0: it is not there */
  uint64_t begun_at, again_at; /* ms: when it was started, and when it is to be started again (0: not) */
  uint64_t pause; /* ms before it is started again */
  char loss[LOSS_SIZE]; /* how it ended; empty: it is there */
  bool loss_untold, return_untold; /* to the daemon */
  bool connected;
  bool awaited; /* by the main process */
  bool ended;
  int errors; /* what the starter has to say */
  int namespace; /* that likerd connects; -1: none */
  bool asked;    /* of likerd, which has not answered yet */
};

struct shim {
  int epoll;
  int run; /* the run folder */
  int mounts; /* the container's mount namespace */
  struct source signals;
  struct source listener;
  uint64_t accept_at; /* ms: when to call accept again after a failure; 0: no failure */
  uint32_t ring_size;
  struct log log;
  struct oom oom;
  struct network network;
  struct connection *daemon;
  struct connection *waiting[MAX_WAITING]; /* no HELLO yet */
  struct connection *clients;
  struct process *processes;               /* the main one first */
  struct sink *sinks;
  uint64_t lost_at;                        /* ms: when the daemon was lost; 0: its limits are no longer in force */
  int *held; /* see held.h */
  size_t held_count;
  bool main_failed;
  bool reap_again; /* a child was left unreaped because its pid was unknown */
};
