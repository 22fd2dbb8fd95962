#include "frames.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "base/cleanup.h"
#include "client.h"
#include "connection.h"
#include "include/protocol.h"
#include "input.h"
#include "network.h"
#include "plan/launch.h"
#include "process.h"
#include "processes.h"
#include "record.h"
#include "report.h"
#include "snapshot.h"
#include "start.h"

static bool is_whole (const struct cursor *fields) { return !fields->bad && fields->at == fields->end; }

static bool handle_hello (struct shim *shim, struct connection *connection, struct cursor *fields) {
  read_u32 (fields);
  if (!is_whole (fields))
    return false;
  connection_take_over (shim, connection);
  report_state (shim, connection);
  report_connect (shim);
  report_network (shim);
  return true;
}

static void start_exec (struct shim *shim, uint32_t number, const struct cursor *plan) {
  struct failure failure = { .step = NO_STEP, .error = EBADMSG, .name = "plan", .call = "read" };
  struct launch launch;
  errno = 0;
  if (launch_read (&launch, NULL, plan->at, (size_t)(plan->end - plan->at)))
    start_process (shim, number, &launch);
  else {
    if (errno == ENOMEM)
      failure = (struct failure){ .step = NO_STEP, .error = ENOMEM, .name = "plan", .call = "malloc" };
    report_failure (shim, number, &failure);
  }
  launch_free (&launch);
}

static void handle_exec (struct shim *shim, uint32_t number, const struct cursor *plan) {
  static const struct failure in_use = { .step = NO_STEP, .error = EEXIST, .name = "start" };
  static const struct failure no_container = {
    .step = NO_STEP, .error = ESRCH, .name = "join", .call = "setns", .object = "container"
  };
  const struct process *main = shim->processes;
  if (number == 0 || find_process (shim, number))
    report_failure (shim, number, &in_use);
  else if (!main || main->number != 0 || main->phase != RUNNING || main->reaped)
    report_failure (shim, number, &no_container);
  else
    start_exec (shim, number, plan);
}

/* `client`: NULL for the daemon, which names the session. */
static bool handle_stdin (struct shim *shim, struct process *process, const struct connection *client,
                          struct cursor *fields) {
  uint64_t named = read_u64 (fields), session = client ? client->session : named;
  uint64_t offset = read_u64 (fields);
  if (fields->bad)
    return false;
  if (process)
    input_take (shim, process, session, offset, fields->at, (size_t)(fields->end - fields->at));
  return true;
}

static bool handle_close_stdin (struct process *process, struct cursor *fields) {
  read_u64 (fields);
  if (process && is_whole (fields))
    input_close (process);
  return is_whole (fields);
}

static bool handle_stdin_offset (struct shim *shim, struct process *process, struct cursor *fields) {
  uint64_t session = read_u64 (fields);
  if (process && is_whole (fields))
    input_answer (shim, process, session);
  return is_whole (fields);
}

static bool handle_resize (struct process *process, struct cursor *fields) {
  uint16_t size[4] = { 0 };
  const uint8_t *raw = read_raw (fields, sizeof size);
  if (!raw || !is_whole (fields))
    return false;
  memcpy (size, raw, sizeof size);
  struct winsize window = {
    .ws_col = size[0], .ws_row = size[1], .ws_xpixel = size[2], .ws_ypixel = size[3]
  };
  if (process)
    resize_process (process, &window);
  return true;
}

static bool handle_signal (struct process *process, struct cursor *fields) {
  uint32_t signal = read_u32 (fields);
  uint32_t scope = read_u32 (fields);
  if (!is_whole (fields) || signal == 0 || signal > (uint32_t)SIGRTMAX || scope > 1)
    return false;
  if (process)
    signal_process (process, (int)signal, scope == 1);
  return true;
}

static bool handle_limit (struct process *process, uint8_t stream, struct cursor *fields) {
  uint64_t offset = read_u64 (fields);
  if (!is_whole (fields) || stream < 1 || stream > 2)
    return false;
  if (process)
    process->out[stream - 1].limit = offset;
  return true;
}

static bool handle_snapshot (struct shim *shim, struct process *process, struct cursor *fields) {
  uint32_t request = read_u32 (fields);
  uint64_t since[2];
  since[0] = read_u64 (fields);
  since[1] = read_u64 (fields);
  if (process && is_whole (fields))
    snapshot_send (shim, process, request, since);
  return is_whole (fields);
}

static bool handle_open (struct shim *shim, struct connection *daemon, uint32_t number, struct cursor *fields) {
  struct process *process = find_process (shim, number);
  struct client_start start = { .session = read_u64 (fields), .may = read_u32 (fields) };
  start.since[0] = read_u64 (fields);
  start.since[1] = read_u64 (fields);
  int socket = steal_fd (&daemon->passed);
  if (process && is_whole (fields) && socket >= 0) {
    client_open (shim, process, socket, &start);
    return true;
  }
  close_fd (&socket);
  report_client (shim, number, start.session, false);
  return is_whole (fields);
}

/* What the client had sent by then still belongs to the process. */
static bool handle_close (struct shim *shim, struct process *process, struct cursor *fields) {
  uint64_t session = read_u64 (fields);
  struct connection *client = process && is_whole (fields) ? find_client (shim, process, session) : NULL;
  if (client)
    client->leaves = client->source.readable = true; /* whether epoll has said so yet or not */
  return is_whole (fields);
}

/* DATA goes on with the next byte that the process writes. */
static bool handle_listen (const struct connection *daemon, struct process *process, struct cursor *fields) {
  uint32_t bits = read_u32 (fields);
  if (!process || !is_whole (fields))
    return is_whole (fields);
  for (int i = 0; i < 2 && process->unheard; i++)
    if (daemon->data.stream != &process->out[i])
      process->out[i].sent = process->out[i].produced;
  process->unheard = !(bits & 1);
  process->others = bits & 2;
  return true;
}

/* The daemon has the exit. Nothing of a process is dropped before, nor before its clients have its output. */
static void handle_taken (struct shim *shim, struct process *process) {
  if (!process || process->phase != ENDED || !process->exit_sent)
    return;
  process->taken = true;
  if (process->number)
    record_remove (shim, process->number);
}

static bool handle_of_client (struct shim *shim, const struct connection *client, uint8_t type, struct cursor *fields) {
  bool may_write = client->may & MAY_SEND_STDIN, may_control = client->may & MAY_CONTROL;
  switch (type) {
  case SHIM_STDIN:
    return may_write && handle_stdin (shim, client->process, client, fields);
  case SHIM_CLOSE_STDIN:
    return may_write && handle_close_stdin (client->process, fields);
  case SHIM_RESIZE:
    return may_control && handle_resize (client->process, fields);
  case SHIM_SIGNAL:
    return may_control && handle_signal (client->process, fields);
  default:
    return false;
  }
}

/* Of a process that has ended meanwhile, nothing. */
static bool handle_connected (struct shim *shim, struct process *process, const struct cursor *answer) {
  size_t size = (size_t)(answer->end - answer->at);
  if (size > ANSWER_MAX)
    return false;
  if (process && process->number == 0)
    network_answer (shim, process, answer->at, size);
  return true;
}

bool frame_handle (struct shim *shim, struct connection *connection, const uint8_t *frame, size_t size) {
  struct cursor fields = { frame + SHIM_FRAME_HEADER, frame + size, false };
  uint8_t type = frame[4], stream = frame[5];
  uint32_t number;
  memcpy (&number, frame + 8, sizeof number);
  if (connection->process)
    return handle_of_client (shim, connection, type, &fields);
  if (type == SHIM_HELLO)
    return handle_hello (shim, connection, &fields);
  if (connection != shim->daemon)
    return false;
  struct process *process = find_process (shim, number);
  switch (type) {
  case SHIM_EXEC:
    handle_exec (shim, number, &fields);
    return true;
  case SHIM_STDIN:
    return handle_stdin (shim, process, NULL, &fields);
  case SHIM_CLOSE_STDIN:
    return handle_close_stdin (process, &fields);
  case SHIM_STDIN_OFFSET:
    return handle_stdin_offset (shim, process, &fields);
  case SHIM_RESIZE:
    return handle_resize (process, &fields);
  case SHIM_SIGNAL:
    return handle_signal (process, &fields);
  case SHIM_LIMIT:
    return handle_limit (process, stream, &fields);
  case SHIM_SNAPSHOT:
    return handle_snapshot (shim, process, &fields);
  case SHIM_OPEN:
    return handle_open (shim, connection, number, &fields);
  case SHIM_CLOSE:
    return handle_close (shim, process, &fields);
  case SHIM_LISTEN:
    return handle_listen (connection, process, &fields);
  case SHIM_CONNECTED:
    return handle_connected (shim, process, &fields);
  case SHIM_TAKEN:
    handle_taken (shim, process);
    return is_whole (&fields);
  default:
    return false;
  }
}
