/* What the shim is made of. There is one of each container. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include "clone.h"
#include "log.h"
#include "loop.h"
#include "outbox.h"
#include "plan/launch.h"

#define NO_BOUND UINT64_MAX
#define STDIN_SESSIONS 8
#define MAX_WAITING 8
#define DRAIN_IDLE_MS 2000   /* silence of an output that others hold open, after which it is cut */
#define DRAIN_TOTAL_MS 10000 /* after which it is cut, whether it is silent or not */
#define STALL_MS 5000        /* a daemon that takes nothing for so long is cut off */
#define LIMITS_KEPT_MS 30000 /* the limits of a daemon that was lost */

enum phase { STARTING = 1, RUNNING, DRAINING, ENDED };

/* One output of a process. Its last bytes are in the ring: offset o is at ring[o % size]. */
struct stream {
  uint8_t number;        /* 1 stdout (or the terminal), 2 stderr */
  struct source source;  /* the pipe, or the terminal's master */
  bool eof;
  uint8_t *ring;         /* mapped when the first byte comes */
  uint32_t ring_size;
  uint64_t produced;     /* read from the source so far */
  uint64_t sent;         /* written to the daemon's socket so far */
  uint64_t limit;        /* read no further */
  uint64_t extra;        /* than by so much beyond it */
  uint64_t read_at;      /* ms */
};

/* Input that waits for the process to read. Without bytes: the end of a terminal's input. */
struct chunk {
  struct chunk *next;
  uint64_t session;
  size_t size, done;
  uint8_t data[];
};

/* One client's input. */
struct session {
  bool used;
  uint64_t id;
  uint64_t taken;   /* accepted: what comes again from below is dropped */
  uint64_t written; /* given to the process */
  uint64_t acked;
};

struct input {
  struct source source; /* of a pipe; a terminal's is that of its stream */
  bool closing;         /* a pipe that is to be closed when the queue is empty */
  bool closed;
  struct chunk *first, **last;
  size_t queued;
  uint8_t last_byte;
  uint64_t retry_at; /* ms; 0: none */
  uint64_t ack_at;   /* ms; 0: nothing waits to be acknowledged */
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
  int status; /* socket of the init */
  bool executing;
  bool failed;
  bool killed; /* by the shim, since a step failed */
  bool failure_sent;
  struct failure failure;
  int pending_signal; /* came before the pid was known */
  struct winsize size;
  bool resized; /* before the terminal was there */
  struct stream out[2];
  struct input in;
  bool reaped;
  int wait_status;
  uint64_t exited_at; /* ns */
  uint64_t drain_at;  /* ms */
  bool cut;
  bool exit_sent;
  bool taken;
};

/* A DATA frame on its way: its header, and bytes that still lie in the ring. */
struct data_frame {
  struct process *process;
  struct stream *stream;
  uint8_t header[20];
  size_t header_left;
  size_t left;
};

struct connection {
  struct source source;
  bool doomed;
  bool held; /* frames that have come wait in `in` until what was asked for before has gone out */
  uint8_t *in;
  size_t in_length, in_capacity;
  struct outbox out;
  struct data_frame data;
  uint64_t progress_at; /* ms: when the socket last took something, or last had nothing to take */
};

/* What watches for kills for want of memory. */
struct oom {
  struct source source; /* v2: memory.events itself; v1: an eventfd */
  int counter;          /* the file with the count */
  bool is_v1;
  uint64_t told;        /* the count */
  uint64_t look_at;     /* ms; 0: not before the next event */
  uint64_t look_until;  /* ms */
};

struct shim {
  int epoll;
  int run; /* the run folder */
  int mounts; /* the container's mount namespace */
  struct source signals;
  struct source listener;
  uint64_t accept_at; /* ms; 0: nobody was turned away */
  uint32_t ring_size;
  struct log log;
  struct oom oom;
  struct connection *daemon;
  struct connection *waiting[MAX_WAITING]; /* no HELLO yet */
  struct process *processes;               /* the main one first */
  struct sink *sinks;
  uint64_t lost_at;                        /* ms: the daemon was lost then, and limits are in force */
  bool main_failed;
  bool reap_again; /* a child may have been left since its pid was not known */
};

/* process.c */
void hold_mounts (struct shim *shim, const struct process *process);
struct process *find_process (struct shim *shim, uint32_t number);
void start_process (struct shim *shim, uint32_t number, const struct launch *launch);
/* The start has failed in the shim's own `call`, with errno: what there is of the process is killed. */
void fail_start (struct process *process, const char *call);
void take_status (struct process *process);
void forget_process (struct shim *shim, struct process *process);
void advance_process (struct shim *shim, struct process *process);
void signal_process (struct process *process, int signal, bool foreground);
void resize_process (struct process *process, const struct winsize *size);

/* start.c */
void advance_start (struct shim *shim, struct process *process);
void failure_put (struct outbox *out, uint32_t number, const struct failure *failure);
void report_failure (struct shim *shim, uint32_t number, const struct failure *failure);

/* reap.c */
void reap_children (struct shim *shim);

/* stream.c */
uint64_t stream_room (const struct shim *shim, const struct stream *stream);
void stream_pump (struct shim *shim, struct process *process, struct stream *stream);
size_t stream_parts (const struct stream *stream, uint64_t offset, size_t size, struct iovec parts[2]);
uint64_t stream_oldest (const struct stream *stream);
void stream_free (struct shim *shim, struct stream *stream);

/* sink.c: sink_take takes the fd of the source, if it can. */
void sink_take (struct shim *shim, struct source *source);
void sinks_pump (struct shim *shim);
bool sinks_busy (const struct shim *shim);

/* input.c */
void input_take (struct shim *shim, struct process *process, uint64_t session, uint64_t offset,
                 const uint8_t *data, size_t size);
void input_close (struct process *process);
void input_pump (struct shim *shim, struct process *process);
void input_answer (struct shim *shim, struct process *process, uint64_t session);
void input_end (struct shim *shim, struct process *process);

/* connection.c: connection_open answers NULL when there is no room for another; fd stays the caller's then. */
struct connection *connection_open (struct shim *shim, int fd);
void connection_receive (struct shim *shim, struct connection *connection);
void connection_flush (struct shim *shim, struct connection *connection);
bool connection_can_receive (const struct connection *connection);
bool connection_has_more (const struct shim *shim, const struct connection *connection);
void connections_accept (struct shim *shim);
void connections_sweep (struct shim *shim);
void connection_take_over (struct shim *shim, struct connection *connection);

/* frames.c: false for a frame that is malformed. `out` of the daemon, or NULL when there is none. */
bool frame_handle (struct shim *shim, struct connection *connection, const uint8_t *frame, size_t size);
struct outbox *daemon_out (struct shim *shim);

/* state.c */
void state_send (struct shim *shim, struct connection *connection);
void exit_put (struct outbox *out, const struct process *process);
void tell_lost (struct shim *shim);
void snapshot_send (struct shim *shim, struct process *process, uint32_t request, const uint64_t since[2]);

/* oom.c */
void oom_open (struct shim *shim, const char *file);
void oom_advance (struct shim *shim);

/* record.c */
int exit_code (const struct process *process);
int exit_signal (const struct process *process);
bool exit_core (const struct process *process);
void record_write (struct shim *shim, const struct process *process);
void record_remove (struct shim *shim, uint32_t number);

/* serve.c */
void serve (struct shim *shim);
