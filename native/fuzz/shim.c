/*
 * A whole shim, from the start of its container to its end, in a simulated machine: a daemon that sends any frames, and comes and goes;
 * processes that write, read, fork and die whenever they like; calls that fail. Afterwards the machine comes to rest, and the shim
 * must end. On the way, every byte must arrive once, in order and unchanged, in frames as protocol.h has them.
 * Input: u8 flags, then events: u8 operation, its operands (see `operate`).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include "base/cleanup.h"
#include "include/plan.h"
#include "include/protocol.h"
#include "kernel.h"
#include "shim/connection.h"
#include "shim/network.h"
#include "shim/serve.h"
#include "shim/start.h"

#define MOST_FDS 400
#define MOST_CHILDREN 64
#define MOST_STREAMS 128
#define EPOLL_FD 3
#define RUN_FD 5
#define FIRST_PID 1000
#define QUIET_TURNS 4000
#define QUIET_STEP_MS 10
#define FIRST_OF_CLIENTS 200

enum kind { OTHER, SIGNALS, LISTENER, CONNECTION, SYNC, OUTPUT, INPUT, STAT, CLIENT };

/* An fd of the shim, with what its other side does. */
struct file {
  enum kind kind;
  struct source *source; /* watched */
  uint32_t wanted, pending;
  uint8_t *bytes;        /* to read */
  size_t size, at;
  bool ended;            /* the other side is closed */
  size_t room;           /* of what is written */
  uint64_t produced;     /* bytes of an output so far */
  uint8_t next[16];      /* of an input: the low four bits of each session's next byte */
  bool seen[16];
  bool greeted;          /* the shim counts from its start, or from STATE */
  bool garbled;          /* it was sent bytes that may begin a frame */
  uint8_t *heard;        /* of a connection: the shim's frames, until they are whole */
  size_t heard_size;
  size_t with_fd;        /* of a connection: a frame that ends here comes with a client's socket; 0: none */
  uint64_t track[2];     /* of a client: how much of each output it has */
  bool opened, told_end; /* likewise */
  uint8_t session;       /* likewise, or of the client that comes */
};

/* The daemon's view of a stream. */
struct track {
  uint32_t process;
  uint8_t stream;
  uint64_t next;
};

static struct {
  const uint8_t *at, *end;
  struct shim *shim;
  struct file files[MOST_FDS];
  struct {
    pid_t pid;
    bool dead;
    int status;
  } children[MOST_CHILDREN];
  unsigned child_count;
  uint64_t ms;
  unsigned fail_in; /* the call after so many fails */
  int error;
  bool failed_once;
  bool wild; /* frames were sent whose stdin is not counted */
  unsigned callers; /* clients that wait to be accepted */
  struct track tracks[MOST_STREAMS];
  unsigned track_count;
  int heard_of; /* the connection that the tracks belong to */
  bool unheard[16]; /* output of these processes may not have been sent to the daemon */
  bool forsaken;
  unsigned quiet; /* turns since the machine came to rest */
  bool main_exit;
} world;

static uint8_t next (void) { return world.at < world.end ? *world.at++ : 0; }

static struct file *file_of (int fd) {
  require (fd >= 0 && fd < MOST_FDS, "there are few fds");
  return &world.files[fd];
}

static int new_file (enum kind kind) {
  int fd = kernel_fd ();
  if (fd >= 0)
    *file_of (fd) = (struct file){ .kind = kind, .room = 65536 };
  return fd;
}

/* The byte at an offset of any output. */
static uint8_t output_byte (uint64_t offset) { return (uint8_t)(offset * 7 + (offset >> 8) * 13 + 5); }

/* ---- events of the machine ---- */

static void wake (struct file *file, uint32_t events) { file->pending |= events; }

static void push (struct file *file, const void *data, size_t size) {
  if (file->ended || !size)
    return;
  file->bytes = realloc (file->bytes, file->size + size);
  memcpy (file->bytes + file->size, data, size);
  file->size += size;
  wake (file, EPOLLIN);
}

static void end_file (struct file *file) {
  file->ended = true;
  wake (file, EPOLLIN | EPOLLHUP | EPOLLRDHUP);
}

/* The nth file of a kind; NULL if there is none. */
static struct file *pick (enum kind kind, unsigned nth) {
  unsigned count = 0;
  for (int fd = 0; fd < MOST_FDS; fd++)
    count += world.files[fd].kind == kind;
  if (!count)
    return NULL;
  nth %= count;
  for (int fd = 0; fd < MOST_FDS; fd++)
    if (world.files[fd].kind == kind && nth-- == 0)
      return &world.files[fd];
  return NULL;
}

static void send_frame (struct file *to, uint8_t type, uint8_t stream, uint32_t process, const void *payload, size_t size) {
  uint8_t header[SHIM_FRAME_HEADER];
  put_header (header, size, type, stream, process);
  push (to, header, sizeof header);
  push (to, payload, size);
}

static void send_u64s (struct file *to, uint8_t type, uint8_t stream, uint32_t process, uint64_t a, uint64_t b, size_t count) {
  const uint64_t payload[] = { a, b };
  send_frame (to, type, stream, process, payload, count * sizeof *payload);
}

/* A plan without steps but exec, for a process of this shape: 1 terminal, 2 stdin, 4 init, 8 helper, 16 window, 64 network. */
static size_t make_plan (uint8_t *out, uint8_t shape, bool is_main) {
  uint8_t *at = out;
#define U32(value) (memcpy (at, &(uint32_t){ value }, 4), at += 4)
#define TEXT(text) (U32 ((uint32_t)strlen (text)), memcpy (at, text, strlen (text) + 1), at += strlen (text) + 1)
  U32 (PLAN_MAGIC), U32 (PLAN_VERSION);
  if (is_main) {
    U32 (PLAN_SHIM), U32 (shape & 64 ? 62u : 48u);
    TEXT (""), TEXT ("/run"), TEXT ("/log"), U32 (4096), U32 (0), U32 (2), U32 (4096), TEXT ("");
    U32 (shape & 64 ? 2u : 0);
    if (shape & 64)
      TEXT ("/p"), TEXT ("/n");
  }
  U32 (PLAN_LAUNCH), U32 (4 + 5 + 4 * 8 + 8 + 8);
  U32 (0), TEXT (""), U32 (shape & 1), U32 (shape >> 1 & 1), U32 (80), U32 (24), U32 (0), U32 (0);
  U32 (shape & 8 && !is_main ? CLONE_NEWPID : 0), U32 (0), U32 (0), U32 (0), U32 (shape & 16 ? 1000 : 0), U32 (0);
  if (shape & 4)
    U32 (STEP_init), U32 (0);
  U32 (STEP_exec), U32 (4 + 6 + 4), U32 (1), TEXT ("p"), U32 (0);
  return (size_t)(at - out);
}

/* Bytes whose high four bits name their session, and the low ones their place. */
static void send_stdin (struct file *to, uint32_t process, uint8_t session, uint32_t offset, size_t size) {
  uint8_t payload[16 + 256];
  const uint64_t head[] = { session, offset };
  memcpy (payload, head, sizeof head);
  for (size_t i = 0; i < size; i++)
    payload[16 + i] = (uint8_t)(session << 4 | ((offset + i) & 15));
  send_frame (to, SHIM_STDIN, 0, process, payload, 16 + size);
}

static void send_message (struct file *to, uint32_t kind, int32_t pid, pid_t sender, bool with_fd) {
  struct {
    struct sync_message message;
    pid_t sender;
    bool with_fd;
  } post = { { .kind = kind, .pid = pid }, sender, with_fd };
  memset (&post.message.failure, 'x', sizeof post.message.failure);
  if (kind == SYNC_FAILURE)
    post.message.failure.error = EPERM;
  push (to, &post, sizeof post);
}

static pid_t new_child (void) {
  if (world.child_count == MOST_CHILDREN) {
    errno = EAGAIN;
    return -1;
  }
  pid_t pid = (pid_t)(FIRST_PID + world.child_count);
  world.children[world.child_count++].pid = pid;
  return pid;
}

/* 15: one that a helper has just cloned. */
static pid_t child_pid (unsigned nth) {
  if (nth == 15)
    return new_child ();
  return world.child_count ? world.children[nth % world.child_count].pid : (pid_t)nth;
}

static void die (unsigned nth, int status) {
  if (!world.child_count)
    return;
  nth %= world.child_count;
  if (world.children[nth].dead)
    return;
  world.children[nth].dead = true;
  world.children[nth].status = status;
  struct file *signals = pick (SIGNALS, 0);
  push (signals, &(struct { char info[128]; }){ { 0 } }, 128);
}

static void produce (struct file *file, size_t size) {
  uint8_t bytes[4096];
  for (size_t i = 0; file && i < size; i++)
    bytes[i] = output_byte (file->produced++);
  if (file)
    push (file, bytes, size);
}

static void make_room (struct file *file, size_t size) {
  if (!file)
    return;
  file->room += size;
  wake (file, EPOLLOUT);
}

/* A client's socket comes with a frame. One at a time: the kernel would end a read where the next one begins. */
static void send_client (struct file *to, uint32_t process, uint8_t session, uint8_t may, uint8_t since) {
  uint8_t payload[28];
  memcpy (payload, &(uint64_t){ session }, 8);
  memcpy (payload + 8, &(uint32_t){ may }, 4);
  memcpy (payload + 12, (uint64_t[]){ since * 32u, since & 1 ? NO_BOUND : since }, 16);
  if (to->with_fd)
    return;
  send_frame (to, SHIM_OPEN, 0, process, payload, sizeof payload);
  to->with_fd = to->ended ? 0 : to->size;
  to->session = session;
}

static void operate_client (uint8_t operation, uint8_t which) {
  struct file *connection = pick (CONNECTION, which), *client = pick (CLIENT, which);
  uint8_t process = which >> 4;
  switch (operation % 8) {
  case 0:
  case 1: {
    uint8_t session = next () & 7, may = next () & 3;
    if (connection)
      send_client (connection, process, session, may, next ());
    break;
  }
  case 2: {
    uint8_t offset = next ();
    if (client)
      send_stdin (client, 0, client->session, offset, next ());
    break;
  }
  case 3: {
    uint8_t type = next (), payload[24], size = next () % sizeof payload;
    world.wild |= type == SHIM_STDIN;
    for (size_t i = 0; i < size; i++)
      payload[i] = next ();
    if (client)
      send_frame (client, type, 0, 0, payload, size);
    break;
  }
  case 4:
    if (client)
      end_file (client);
    break;
  case 5:
    make_room (client, next () * 64u);
    break;
  case 6:
    world.unheard[process] = true;
    if (connection)
      send_frame (connection, SHIM_LISTEN, 0, process, (uint32_t[]){ next () & 3 }, 4);
    break;
  case 7:
    if (connection)
      send_u64s (connection, SHIM_CLOSE, 0, process, next () & 7, 0, 1);
    break;
  }
}

static void operate (void) {
  static const int errors[] = { EINTR, ENOMEM, EMFILE, EIO, EPIPE, ENOSPC, ECONNRESET, EACCES };
  uint8_t operation = next (), which = next ();
  struct file *connection = pick (CONNECTION, which), *file;
  uint8_t process = which >> 4;
  uint8_t plan[512], bytes[256];
  /* Those below are kept as they were for the inputs that are kept. */
  if (operation >= FIRST_OF_CLIENTS) {
    operate_client (operation, which);
    return;
  }
  switch (operation % 20) {
  case 0: /* any bytes of the daemon */
    memset (world.unheard, true, sizeof world.unheard);
    __attribute__ ((fallthrough));
  case 1: { /* a whole frame of any type */
    uint8_t type = operation % 20 == 1 ? next () : 0, stream = type ? next () : 0;
    world.unheard[process] |= type == SHIM_LISTEN;
    size_t size = next ();
    for (size_t i = 0; i < size; i++)
      bytes[i] = next ();
    world.wild = true;
    if (connection && type)
      send_frame (connection, type, stream, process, bytes, size);
    else if (connection) {
      push (connection, bytes, size);
      connection->garbled = true;
    }
    break;
  }
  case 2:
    if (connection)
      send_frame (connection, SHIM_HELLO, 0, 0, &(uint32_t){ SHIM_PROTOCOL }, 4);
    break;
  case 3:
    if (connection)
      send_frame (connection, SHIM_EXEC, 0, process, plan, make_plan (plan, next (), false));
    break;
  case 4: {
    uint8_t session = next () & 7, offset = next ();
    if (connection)
      send_stdin (connection, process, session, offset, next ());
    break;
  }
  case 5:
    if (connection)
      send_u64s (connection, next () & 1 ? SHIM_CLOSE_STDIN : SHIM_STDIN_OFFSET, 0, process, next () & 7, 0, 1);
    break;
  case 6:
    if (connection)
      send_u64s (connection, SHIM_LIMIT, 1 + (next () & 1), process, next () * 64u, 0, 1);
    break;
  case 7: {
    uint8_t request[20] = { next () };
    memcpy (request + 4, &(uint64_t){ next () * 32u }, 8);
    memcpy (request + 12, &(uint64_t){ next () * 32u }, 8);
    if (connection)
      send_frame (connection, SHIM_SNAPSHOT, 0, process, request, sizeof request);
    break;
  }
  case 8:
    if (connection)
      send_frame (connection, SHIM_TAKEN, 0, process, NULL, 0);
    break;
  case 9:
    if (connection)
      send_frame (connection, SHIM_SIGNAL, 0, process, (uint32_t[]){ 1 + next () % 64, next () & 1 }, 8);
    break;
  case 10:
    produce (pick (OUTPUT, which), next () * 16u);
    break;
  case 11:
    file = pick (next () & 1 ? INPUT : OUTPUT, which);
    if (file)
      end_file (file);
    break;
  case 12: {
    uint8_t kind = next (), who = next ();
    file = pick (SYNC, which);
    pid_t sender = child_pid (who & 15);
    if (file)
      send_message (file, kind % 8, kind % 8 == SYNC_STATUS ? who << 8 : child_pid (who >> 4), sender, kind & 64);
    break;
  }
  case 13:
    file = pick (SYNC, which);
    if (file)
      end_file (file);
    break;
  case 14:
    die (which, next () << 8 | (next () & 1 ? SIGKILL : 0));
    break;
  case 15:
    world.ms += which * 50u;
    break;
  case 16:
    make_room (pick (which & 1 ? CONNECTION : INPUT, which >> 1), next () * 64u);
    break;
  case 17:
    world.callers++;
    wake (pick (LISTENER, 0), EPOLLIN);
    break;
  case 18:
    if (connection)
      end_file (connection);
    break;
  case 19:
    world.fail_in = 1 + next ();
    world.error = errors[which % 8];
    break;
  }
}

/* ---- the machine comes to rest ---- */

static void rest (void) {
  world.fail_in = 0;
  for (unsigned i = 0; i < world.child_count; i++)
    die (i, 0);
  for (int fd = 0; fd < MOST_FDS; fd++) {
    struct file *file = &world.files[fd];
    if (file->kind == OUTPUT || file->kind == SYNC || file->kind == INPUT || file->garbled)
      end_file (file);
    if (file->kind == CONNECTION || file->kind == INPUT || file->kind == CLIENT)
      make_room (file, 1u << 30);
  }
}

static struct file *daemon_file (void) {
  return world.shim->daemon ? file_of (world.shim->daemon->source.fd) : NULL;
}

/* A daemon that wants everything, and takes every exit. */
static void attend (void) {
  struct file *daemon = daemon_file ();
  bool turn = world.quiet % 50 == 1;
  if (turn && (!daemon || daemon->ended) && !pick (CONNECTION, 0)) {
    world.callers++;
    wake (pick (LISTENER, 0), EPOLLIN);
  }
  struct file *client = pick (CONNECTION, 0);
  if (turn && !daemon && client)
    send_frame (client, SHIM_HELLO, 0, 0, &(uint32_t){ SHIM_PROTOCOL }, 4);
  if (!turn || !daemon || daemon->ended)
    return;
  for (const struct process *process = world.shim->processes; process; process = process->next) {
    send_u64s (daemon, SHIM_LIMIT, 1, process->number, NO_BOUND, 0, 1);
    send_u64s (daemon, SHIM_LIMIT, 2, process->number, NO_BOUND, 0, 1);
    if (process->exit_sent)
      send_frame (daemon, SHIM_TAKEN, 0, process->number, NULL, 0);
  }
}

/* ---- what the daemon hears ---- */

static uint32_t get_u32 (const uint8_t *at) {
  uint32_t value;
  memcpy (&value, at, sizeof value);
  return value;
}

static uint64_t get_u64 (const uint8_t *at) {
  uint64_t value;
  memcpy (&value, at, sizeof value);
  return value;
}

static struct track *track_of (uint32_t process, uint8_t stream) {
  for (unsigned i = 0; i < world.track_count; i++)
    if (world.tracks[i].process == process && world.tracks[i].stream == stream)
      return &world.tracks[i];
  return NULL;
}

/* A process may be in STATE before it is STARTED. */
static void begin_track (uint32_t process, uint8_t stream, uint64_t offset) {
  if (track_of (process, stream))
    return;
  require (world.track_count < MOST_STREAMS, "there are few streams");
  world.tracks[world.track_count++] = (struct track){ process, stream, offset };
}

static void drop_tracks (uint32_t process) {
  unsigned kept = 0;
  for (unsigned i = 0; i < world.track_count; i++)
    if (world.tracks[i].process != process)
      world.tracks[kept++] = world.tracks[i];
  world.track_count = kept;
}

static void check_bytes (const uint8_t *data, size_t size, uint64_t offset) {
  for (size_t i = 0; i < size; i++)
    require (data[i] == output_byte (offset + i), "an output arrives unchanged");
}

static void hear_state (bool is_first, const uint8_t *at, const uint8_t *end) {
  require (end - at >= 12 && get_u32 (at) == SHIM_PROTOCOL, "STATE has the version");
  uint32_t count = get_u32 (at + 8);
  at += 12;
  for (; count; count--) {
    require (end - at >= 64, "STATE has its processes");
    uint32_t number = get_u32 (at), state = get_u32 (at + 4);
    for (uint8_t i = 1; i <= 2 && is_first; i++)
      begin_track (number, i, get_u64 (at + 24 + 8 * i));
    at += 64 + (state == 3 ? 40 : 0);
  }
  require (end - at == 12 && get_u32 (at) == MAX_FRAME_BYTES, "STATE ends with what the shim can do");
}

/* Where the daemon may have missed some. */
static bool is_loose (uint32_t number) { return number < 16 && world.unheard[number]; }

static void hear (struct file *file, uint8_t type, uint8_t stream, uint32_t number, const uint8_t *at, size_t size) {
  struct track *track = track_of (number, stream);
  switch (type) {
  case SHIM_STATE:
    hear_state (!file->greeted, at, at + size);
    file->greeted = true;
    break;
  case SHIM_STARTED:
    require (size == 20, "STARTED is whole");
    begin_track (number, 1, 0);
    begin_track (number, 2, 0);
    break;
  case SHIM_DATA:
    require (size >= 8 && track != NULL, "DATA follows STARTED or STATE");
    if (is_loose (number) && get_u64 (at) > track->next)
      track->next = get_u64 (at);
    require (get_u64 (at) == track->next, "DATA goes on where it stopped");
    check_bytes (at + 8, size - 8, track->next);
    track->next += size - 8;
    break;
  case SHIM_SNAPSHOT_DATA:
    require (size >= 12, "SNAPSHOT_DATA is whole");
    check_bytes (at + 12, size - 12, get_u64 (at + 4));
    break;
  case SHIM_SNAPSHOT_END:
    require (size == 20, "SNAPSHOT_END is whole");
    for (uint8_t i = 1; i <= 2; i++) {
      track = track_of (number, i);
      require (!track || is_loose (number) || track->next == get_u64 (at + 4 + 8 * (i - 1)), "DATA goes on where a snapshot ends");
    }
    break;
  case SHIM_EXIT:
    require (size == 40, "EXIT is whole");
    for (uint8_t i = 1; i <= 2; i++) {
      track = track_of (number, i);
      require (track && (is_loose (number) || track->next == get_u64 (at + 20 + 8 * (i - 1))), "EXIT comes after the last byte");
    }
    if (number == 0)
      world.main_exit = true;
    drop_tracks (number);
    break;
  case SHIM_FAILED:
    require (size >= 8 + 3 * 5, "FAILED is whole");
    break;
  case SHIM_STDIN_ACK:
  case SHIM_STDIN_REFUSED:
    require (size == 16, "an acknowledgement is whole");
    break;
  case SHIM_CLIENT:
    require (size == 12, "an answer about a client is whole");
    break;
  case SHIM_NETWORK:
    require (size > 8 && size == 8 + get_u32 (at + 4) + 1, "NETWORK is whole");
    break;
  case SHIM_LOG_LOST:
    require (size == 8 && (stream == 1 || stream == 2), "LOG_LOST is whole");
    break;
  default:
    require (false, "the shim sends only the frames of the protocol");
  }
}

/* ---- what a client hears ---- */

/* NULL when the shim has given it up. */
static const struct connection *client_of (int fd) {
  const struct connection *client = world.shim->clients;
  while (client && client->source.fd != fd)
    client = client->next;
  return client;
}

static void hear_as_client (struct file *file, int fd, uint8_t type, uint8_t stream, const uint8_t *at, size_t size) {
  const struct connection *client = client_of (fd);
  require ((type == SHIM_OPENED) == !file->opened, "a client is greeted first");
  require (!file->told_end || type == SHIM_STDIN_ACK, "no output follows the end");
  switch (type) {
  case SHIM_OPENED:
    require (size == 24, "OPENED is whole");
    file->opened = true;
    file->track[0] = get_u64 (at);
    file->track[1] = get_u64 (at + 8);
    break;
  case SHIM_DATA: {
    uint64_t *next = &file->track[stream - 1];
    require (size >= 8 && get_u64 (at) >= *next, "a client gets nothing twice");
    require (get_u64 (at) == *next || !client || !client->waited_for, "a client misses nothing that is waited for");
    check_bytes (at + 8, size - 8, get_u64 (at));
    *next = get_u64 (at) + size - 8;
    break;
  }
  case SHIM_EXIT:
    require (size == 40 && file->track[0] == get_u64 (at + 20) && file->track[1] == get_u64 (at + 28), "the end comes last");
    file->told_end = true;
    break;
  default:
    require (type == SHIM_STDIN_ACK, "a client gets only what is for it");
  }
}

static void take_heard (struct file *file, int fd, const struct iovec *parts, size_t count, size_t size) {
  for (size_t i = 0; i < count && size; i++) {
    size_t part = parts[i].iov_len < size ? parts[i].iov_len : size;
    file->heard = realloc (file->heard, file->heard_size + part + 1);
    if (part)
      memcpy (file->heard + file->heard_size, parts[i].iov_base, part);
    file->heard_size += part;
    size -= part;
  }
  if (file->kind == CONNECTION && world.heard_of != fd) {
    world.track_count = 0;
    world.heard_of = fd;
  }
  size_t at = 0;
  while (file->heard_size - at >= 4) {
    uint32_t length = get_u32 (file->heard + at);
    require (length >= SHIM_FRAME_HEADER - 4 && length <= MAX_FRAME_BYTES, "a frame has a valid length");
    if (file->heard_size - at - 4 < length)
      break;
    const uint8_t *frame = file->heard + at;
    size_t payload = length - (SHIM_FRAME_HEADER - 4);
    if (file->kind == CLIENT)
      hear_as_client (file, fd, frame[4], frame[5], frame + SHIM_FRAME_HEADER, payload);
    else
      hear (file, frame[4], frame[5], get_u32 (frame + 8), frame + SHIM_FRAME_HEADER, payload);
    at += length + 4;
  }
  file->heard_size -= at;
  memmove (file->heard, file->heard + at, file->heard_size);
}

/* The program's stdin: the bytes of each session follow one another. */
static void check_input (struct file *file, const uint8_t *data, size_t size) {
  for (size_t i = 0; i < size && !world.wild; i++) {
    uint8_t session = data[i] >> 4;
    require (!file->seen[session] || file->next[session] == (data[i] & 15), "stdin arrives once and in order");
    file->seen[session] = true;
    file->next[session] = (data[i] + 1) & 15;
  }
}

/* ---- the calls of the shim ---- */

bool draw_failure (void) {
  if (!world.fail_in || --world.fail_in)
    return false;
  errno = world.error;
  world.failed_once = true;
  return true;
}

int fuzz_clock_gettime (clockid_t clock, struct timespec *now);
int fuzz_clock_gettime (clockid_t clock, struct timespec *now) {
  (void)clock;
  *now = (struct timespec){ .tv_sec = (time_t)(world.ms / 1000), .tv_nsec = (long)(world.ms % 1000) * 1000000 };
  return 0;
}

/* The process whose output this is. */
static const struct process *writer_of (int fd) {
  for (const struct process *process = world.shim->processes; process; process = process->next)
    if (process->out[0].source.fd == fd || process->out[1].source.fd == fd)
      return process;
  return NULL;
}

int fuzz_close (int fd);
int fuzz_close (int fd) {
  struct file *file = file_of (fd);
  const struct process *process = file->kind == OUTPUT ? writer_of (fd) : NULL;
  if (process && file->at < file->size && !world.failed_once)
    require (process->cut || process->failed || process->phase == STARTING || process->tty, "an output is read to its end");
  free (file->bytes);
  free (file->heard);
  *file = (struct file){ .kind = OTHER };
  if (world.heard_of == fd)
    world.heard_of = -1;
  return kernel_close (fd);
}

int fuzz_epoll_ctl (int epoll, int operation, int fd, struct epoll_event *event);
int fuzz_epoll_ctl (int epoll, int operation, int fd, struct epoll_event *event) {
  struct file *file = file_of (fd);
  (void)epoll;
  if (operation == EPOLL_CTL_DEL) {
    file->source = NULL;
    return 0;
  }
  require ((operation == EPOLL_CTL_ADD) == !file->source, "an fd is watched once");
  if (operation == EPOLL_CTL_ADD && draw_failure ())
    return -1;
  file->source = event->data.ptr;
  file->wanted = event->events;
  bool readable = file->at < file->size || (file->kind == LISTENER && world.callers);
  wake (file, (readable ? EPOLLIN : 0u) | (file->room ? EPOLLOUT : 0u) | (file->ended ? EPOLLIN | EPOLLHUP : 0u));
  return 0;
}

int fuzz_epoll_wait (int epoll, struct epoll_event *events, int most, int timeout);
int fuzz_epoll_wait (int epoll, struct epoll_event *events, int most, int timeout) {
  (void)epoll;
  (void)timeout;
  if (world.at < world.end)
    operate ();
  else {
    if (!world.quiet++)
      rest ();
    world.ms += QUIET_STEP_MS;
    attend ();
    require (world.quiet < QUIET_TURNS, "a shim whose processes have ended ends, too");
  }
  int count = 0;
  for (int fd = 0; fd < MOST_FDS && count < most; fd++) {
    struct file *file = &world.files[fd];
    uint32_t seen = file->pending & (file->wanted | EPOLLHUP | EPOLLERR);
    if (!file->source || !seen)
      continue;
    events[count++] = (struct epoll_event){ .events = seen, .data.ptr = file->source };
    file->pending = 0;
  }
  return count;
}

static ssize_t would_block (void) {
  errno = EAGAIN;
  return -1;
}

static ssize_t read_parts (int fd, const struct iovec *parts, int count) {
  struct file *file = file_of (fd);
  if (draw_failure ())
    return -1;
  size_t done = 0;
  for (int i = 0; i < count; i++) {
    size_t left = file->size - file->at, part = parts[i].iov_len < left ? parts[i].iov_len : left;
    if (part)
      memcpy (parts[i].iov_base, file->bytes + file->at, part);
    file->at += part;
    done += part;
  }
  if (file->at == file->size)
    file->at = file->size = 0;
  return done || file->ended ? (ssize_t)done : would_block ();
}

ssize_t fuzz_readv (int fd, const struct iovec *parts, int count);
ssize_t fuzz_readv (int fd, const struct iovec *parts, int count) { return read_parts (fd, parts, count); }

ssize_t fuzz_read (int fd, void *buffer, size_t size) {
  if (file_of (fd)->kind == STAT) {
    static const char stat[] = "7 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 55 0";
    memcpy (buffer, stat, sizeof stat);
    return sizeof stat - 1;
  }
  return read_parts (fd, &(struct iovec){ buffer, size }, 1);
}

int fuzz_poll (struct pollfd *fds, nfds_t count, int timeout);
int fuzz_poll (struct pollfd *fds, nfds_t count, int timeout) {
  (void)count;
  (void)timeout;
  struct file *file = file_of (fds->fd);
  fds->revents = file->at < file->size ? POLLIN : 0;
  return fds->revents != 0;
}

static ssize_t write_parts (int fd, const struct iovec *parts, size_t count) {
  struct file *file = file_of (fd);
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    size += parts[i].iov_len;
  if (draw_failure ())
    return -1;
  bool is_peer = file->kind == CONNECTION || file->kind == CLIENT;
  if ((file->kind == INPUT || is_peer) && file->ended) {
    errno = EPIPE;
    return -1;
  }
  if (file->kind != INPUT && !is_peer)
    return (ssize_t)size;
  if (!file->room)
    return would_block ();
  if (size > file->room)
    size = file->room;
  file->room -= size;
  if (is_peer)
    take_heard (file, fd, parts, count, size);
  else
    check_input (file, parts->iov_base, size);
  return (ssize_t)size;
}

ssize_t fuzz_write (int fd, const void *data, size_t size) {
  return write_parts (fd, &(struct iovec){ (void *)data, size }, 1);
}

ssize_t fuzz_sendmsg (int fd, const struct msghdr *message, int flags);
ssize_t fuzz_sendmsg (int fd, const struct msghdr *message, int flags) {
  (void)flags;
  return write_parts (fd, message->msg_iov, message->msg_iovlen);
}

/* Bytes of the daemon. Those of a frame that comes with a client's socket are the last of a read. */
static ssize_t receive_frames (struct file *file, int fd, struct msghdr *header) {
  struct iovec part = *header->msg_iov;
  size_t before = file->at;
  header->msg_controllen = 0;
  header->msg_flags = 0;
  if (file->with_fd && part.iov_len > file->with_fd - before)
    part.iov_len = file->with_fd - before;
  ssize_t got = read_parts (fd, &part, 1);
  if (got <= 0 || !file->with_fd || before + (size_t)got < file->with_fd)
    return got;
  file->with_fd = 0;
  struct cmsghdr rights = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
  int client = new_file (CLIENT);
  if (client >= 0)
    file_of (client)->session = file->session;
  memcpy (header->msg_control, &rights, sizeof rights);
  memcpy ((char *)header->msg_control + CMSG_LEN (0), &client, sizeof client);
  header->msg_controllen = client < 0 ? 0 : CMSG_LEN (sizeof (int));
  return got;
}

/* One message as send_message has put it there. */
ssize_t fuzz_recvmsg (int fd, struct msghdr *header, int flags);
ssize_t fuzz_recvmsg (int fd, struct msghdr *header, int flags) {
  struct {
    struct sync_message message;
    pid_t sender;
    bool with_fd;
  } post;
  struct file *file = file_of (fd);
  (void)flags;
  if (file->kind == CONNECTION)
    return receive_frames (file, fd, header);
  if (draw_failure ())
    return -1;
  char *control = header->msg_control;
  header->msg_controllen = 0;
  if (file->size - file->at < sizeof post)
    return file->ended ? 0 : would_block ();
  memcpy (&post, file->bytes + file->at, sizeof post);
  file->at += sizeof post;
  struct cmsghdr credentials = { CMSG_LEN (sizeof (struct ucred)), SOL_SOCKET, SCM_CREDENTIALS };
  struct ucred sender = { .pid = post.sender };
  memcpy (control, &credentials, sizeof credentials);
  memcpy (control + CMSG_LEN (0), &sender, sizeof sender);
  header->msg_controllen = CMSG_SPACE (sizeof sender);
  if (post.with_fd) {
    struct cmsghdr rights = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
    int master = new_file (OUTPUT);
    memcpy (control + header->msg_controllen, &rights, sizeof rights);
    memcpy (control + header->msg_controllen + CMSG_LEN (0), &master, sizeof master);
    header->msg_controllen += CMSG_LEN (sizeof (int));
  }
  memcpy (header->msg_iov->iov_base, &post.message, sizeof post.message);
  return sizeof post.message;
}

/* The shim's end comes first. */
int fuzz_socketpair (int domain, int type, int protocol, int fds[2]);
int fuzz_socketpair (int domain, int type, int protocol, int fds[2]) {
  (void)domain;
  (void)type;
  (void)protocol;
  if (draw_failure ())
    return -1;
  fds[0] = new_file (SYNC);
  fds[1] = new_file (OTHER);
  return fds[1] < 0 ? -1 : 0;
}

int fuzz_pipe2 (int fds[2], int flags);
int fuzz_pipe2 (int fds[2], int flags) {
  (void)flags;
  if (draw_failure ())
    return -1;
  fds[0] = new_file (OUTPUT);
  fds[1] = new_file (INPUT);
  return fds[1] < 0 ? -1 : 0;
}

int fuzz_open (const char *path, int flags, ...) {
  (void)flags;
  return draw_failure () ? -1 : new_file (strstr (path, "/stat") ? STAT : OTHER);
}

int fuzz_accept4 (int fd, struct sockaddr *address, socklen_t *size, int flags);
int fuzz_accept4 (int fd, struct sockaddr *address, socklen_t *size, int flags) {
  (void)fd;
  (void)address;
  (void)size;
  (void)flags;
  if (draw_failure ())
    return -1;
  if (!world.callers)
    return (int)would_block ();
  world.callers--;
  return new_file (CONNECTION);
}

int fuzz_getsockopt (int fd, int level, int option, void *value, socklen_t *size);
int fuzz_getsockopt (int fd, int level, int option, void *value, socklen_t *size) {
  (void)fd;
  (void)level;
  (void)option;
  memset (value, 0, *size);
  return 0;
}

int fuzz_fstat (int fd, struct stat *st);
int fuzz_fstat (int fd, struct stat *st) {
  (void)fd;
  memset (st, 0, sizeof *st);
  st->st_nlink = 1;
  return 0;
}

/* A child that has ended is reaped once. */
pid_t fuzz_waitpid (pid_t pid, int *status, int options);
pid_t fuzz_waitpid (pid_t pid, int *status, int options) {
  (void)options;
  for (unsigned i = 0; i < world.child_count; i++)
    if (world.children[i].dead && world.children[i].pid > 0 && (pid == -1 || pid == world.children[i].pid)) {
      pid_t found = world.children[i].pid;
      world.children[i].pid = -found;
      *status = world.children[i].status;
      return found;
    }
  return 0;
}

int fuzz_waitid (idtype_t type, id_t id, siginfo_t *info, int options);
int fuzz_waitid (idtype_t type, id_t id, siginfo_t *info, int options) {
  (void)type;
  (void)info;
  (void)options;
  for (unsigned i = 0; i < world.child_count; i++)
    if (world.children[i].pid == (pid_t)id)
      return 0;
  errno = ECHILD;
  return -1;
}

/* The program that connects a network; it never returns here as the child. */
pid_t fuzz_fork (void);
pid_t fuzz_fork (void) { return draw_failure () ? -1 : new_child (); }

static long clone3 (const struct clone_args *args) {
  if (draw_failure ())
    return -1;
  pid_t pid = new_child ();
  if (pid > 0 && !(args->flags & CLONE_INTO_CGROUP))
    *(int *)(uintptr_t)args->pidfd = new_file (OTHER);
  return pid;
}

long fuzz_syscall (long number, ...);
long fuzz_syscall (long number, ...) {
  va_list list;
  va_start (list, number);
  long a = va_arg (list, long), b = va_arg (list, long), c = va_arg (list, long), d = va_arg (list, long);
  va_end (list);
  return number == SYS_clone3 ? clone3 ((const struct clone_args *)a) : kernel_syscall (number, a, b, c, d);
}

/* ---- a run ---- */

static void start_main (struct shim *shim, uint8_t shape) {
  uint8_t plan[512];
  struct shim_settings settings;
  struct launch launch;
  size_t size = make_plan (plan, shape, true);
  require (launch_read (&launch, &settings, plan, size), "the plan of this target is good");
  shim->ring_size = settings.ring_bytes;
  network_plan (shim, &launch.connect, settings.network);
  settings_free (&settings);
  log_open (&shim->log, shape & 32 ? "" : settings.log_folder, settings.log_segment_bytes, settings.log_segments);
  start_process (shim, 0, &launch);
  launch_free (&launch);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  struct shim shim = { .epoll = EPOLL_FD, .run = RUN_FD, .mounts = -1 };
  shim.oom = (struct oom){ .source = NO_SOURCE, .counter = -1 };
  shim.network.errors = -1;
  memset (&world, 0, sizeof world);
  world.shim = &shim;
  world.ms = 1000;
  world.heard_of = -1;
  kernel_begin (NULL, 0);
  source_open (&shim.signals, shim.epoll, new_file (SIGNALS));
  source_open (&shim.listener, shim.epoll, new_file (LISTENER));
  int socket = new_file (CONNECTION);
  file_of (socket)->greeted = true;
  shim.daemon = connection_open (&shim, socket);
  world.at = data + 1;
  world.end = data + size;
  start_main (&shim, data[0]);
  serve (&shim);
  serve_clients (&shim);
  for (int fd = 0; fd < MOST_FDS; fd++) {
    free (world.files[fd].bytes);
    free (world.files[fd].heard);
  }
  kernel_end ();
  return 0;
}
