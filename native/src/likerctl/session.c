#include "session.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "call.h"
#include "fields.h"
#include "handed_over.h"
#include "leave.h"
#include "output.h"
#include "raw_terminal.h"
#include "terminal_size.h"
#include "watch_signals.h"

#define KILLED 137
#define GOODBYE_MS 3000
#define MOST_INTERRUPTS 3

/* Numbers of fields. */
enum session_output { READY = 1, STDOUT = 2, STDERR = 3, EXIT = 4, OUTPUT_END = 8 };
enum session_input { RESIZE = 2, SIGNAL = 3, OUTPUT_TAKEN = 6 };

enum taken { TAKEN, NO_ROOM, NOT_TAKEN };

struct session {
  const struct session_plan *plan;
  struct call call;
  int signals;
  unsigned interrupts;
  uint64_t early_signals; /* a bit for each */
  struct buffer ready;
  uint64_t shown[2];
  int full; /* the descriptor that has no room for more; -1: none */
  bool has_exited;
  int exit_code;
};

/* The frame that is not handled is the first of what is handed over, and so is the signal, if there is one: it comes again. */
static _Noreturn void leave_session (const struct session *session, int interrupted) {
  const struct call *call = &session->call;
  for (int number = 1; number < 64; number++)
    if (session->early_signals >> number & 1 || number == interrupted)
      kill (getpid (), number);
  const struct handed_over state = {
    .request_id = session->plan->request_id,
    .call = call->socket,
    .rest = call->in.data + call->handled,
    .rest_length = call->in.length - call->handled,
    .ready = session->ready.data,
    .ready_length = session->ready.length,
    .shown = { session->shown[0], session->shown[1] },
    .cooked = cooked_terminal (),
    .guard = cooked_terminal () ? guard_terminal () : -1,
    .interrupts = session->interrupts,
  };
  leave (&state);
}

/* Ends without the process, which likerd deals with by on_disconnect. */
static _Noreturn void give_up (const struct session *session, int signal) {
  if (session->ready.data)
    reset_terminal ();
  leave_raw ();
  _exit (128 + signal);
}

/* A SessionInput with one message, as the field `input` of a request. */
static void send_input (struct session *session, enum session_input kind, const struct buffer *message) {
  struct buffer input = { 0 }, request = { 0 };
  put_field (&input, BYTES_TAG (kind), message->data, message->length);
  put_field (&request, BYTES_TAG (2), input.data, input.length);
  call_send (&session->call, 0, request.data, request.length);
  buffer_free (&input);
  buffer_free (&request);
}

static void send_signal (struct session *session, int number) {
  static const char prefix[] = "SIG";
  struct buffer name = { 0 }, message = { 0 };
  const char *rest = sigabbrev_np (number);
  put_bytes (&name, prefix, sizeof prefix - 1);
  put_bytes (&name, rest, strlen (rest));
  put_field (&message, BYTES_TAG (1), name.data, name.length);
  send_input (session, SIGNAL, &message);
  buffer_free (&name);
  buffer_free (&message);
}

static void send_size (struct session *session) {
  struct buffer message = { 0 };
  struct winsize size;
  if (!session->ready.data || !terminal_size (&size))
    return;
  put_terminal_size (&message, &size);
  send_input (session, RESIZE, &message);
  buffer_free (&message);
}

/* Each of these handles a frame, unless the TypeScript client has to. */

static enum taken take_ready (struct session *session, const struct field *ready) {
  struct fields fields = fields_of (ready->data, ready->length);
  struct field field;
  while (next_field (&fields, &field))
    if (field.number == 5 || field.number == 6)
      session->shown[field.number - 5] = field.value;
  if (fields.is_broken || session->ready.data)
    return NOT_TAKEN;
  put_bytes (&session->ready, ready->data, ready->length);
  for (int number = 1; number < 64; number++)
    if (session->early_signals >> number & 1)
      send_signal (session, number);
  session->early_signals = 0;
  return TAKEN;
}

static enum taken show (struct session *session, int fd, const struct field *chunk) {
  struct fields fields = fields_of (chunk->data, chunk->length);
  struct field field, bytes = { 0 };
  uint64_t offset = 0, *shown = &session->shown[fd - STDOUT_FILENO];
  while (next_field (&fields, &field))
    if (field.number == 1)
      offset = field.value;
    else if (field.number == 2)
      bytes = field;
  if (fields.is_broken || !session->ready.data || offset > *shown)
    return NOT_TAKEN;
  size_t seen = *shown - offset < bytes.length ? (size_t)(*shown - offset) : bytes.length;
  ssize_t written = seen < bytes.length ? write_now (fd, bytes.data + seen, bytes.length - seen) : 0;
  if (written < 0)
    return NOT_TAKEN;
  *shown += (uint64_t)written;
  session->full = (size_t)written < bytes.length - seen ? fd : -1;
  return session->full < 0 ? TAKEN : NO_ROOM;
}

static enum taken confirm (struct session *session, const struct field *all) {
  struct fields fields = fields_of (all->data, all->length);
  struct field field;
  bool has_all = true;
  while (next_field (&fields, &field))
    if (field.number == 1 || field.number == 2)
      has_all &= field.value <= session->shown[field.number - 1];
  if (fields.is_broken || !has_all)
    return NOT_TAKEN;
  send_input (session, OUTPUT_TAKEN, &(struct buffer){ 0 });
  return TAKEN;
}

static enum taken take_exit (struct session *session, const struct field *status) {
  struct fields fields = fields_of (status->data, status->length);
  struct field field;
  bool has_all = true, has_started = true;
  session->exit_code = 0;
  while (next_field (&fields, &field))
    if (field.number == 1)
      session->exit_code = (int)field.value;
    else if (field.number == 7)
      has_started = !field.length;
    else if (field.number == 9 || field.number == 10)
      has_all &= field.value <= session->shown[field.number - 9];
  /* Of a process that was killed, the TypeScript client asks what became of its container. */
  bool is_plain = session->exit_code != KILLED || strcmp (session->plan->method, "Exec") != 0;
  session->has_exited = !fields.is_broken && has_all && has_started && is_plain;
  return session->has_exited ? TAKEN : NOT_TAKEN;
}

static enum taken take_output (struct session *session, const struct field *output) {
  switch (output->number) {
  case READY:
    return take_ready (session, output);
  case STDOUT:
    return show (session, STDOUT_FILENO, output);
  case STDERR:
    return show (session, STDERR_FILENO, output);
  case OUTPUT_END:
    return confirm (session, output);
  case EXIT:
    return take_exit (session, output);
  default:
    return NOT_TAKEN;
  }
}

/* A message has one field, a SessionOutput, and that has one. */
static enum taken take_frame (struct session *session, const struct frame *frame) {
  struct fields message = fields_of (frame->data, frame->length);
  struct field output, kind;
  if (frame->type != FRAME_DATA || frame->flags || !next_field (&message, &output) || !output.data)
    return NOT_TAKEN;
  struct fields fields = fields_of (output.data, output.length);
  if (!next_field (&fields, &kind) || !kind.data || fields.at != fields.end)
    return NOT_TAKEN;
  return take_output (session, &kind);
}

static void take_frames (struct session *session) {
  struct frame frame;
  while (!session->has_exited && call_next (&session->call, &frame)) {
    enum taken taken = take_frame (session, &frame);
    if (taken == NOT_TAKEN)
      leave_session (session, 0);
    if (taken == NO_ROOM)
      return;
    call_took (&session->call, &frame);
  }
}

static void pass_on (struct session *session, int signal) {
  session->interrupts += is_interrupting (signal);
  if (session->interrupts >= MOST_INTERRUPTS) {
    session->interrupts--;
    leave_session (session, signal);
  }
  if (session->ready.data)
    send_signal (session, signal);
  else if (is_ending (signal))
    give_up (session, signal);
  else
    session->early_signals |= 1ull << signal;
}

static void take_signal (struct session *session, int signal) {
  bool is_raw = cooked_terminal ();
  if (signal == SIGWINCH)
    send_size (session);
  else if (signal == SIGCONT && is_raw)
    enter_raw ();
  else if (!is_raw && is_proxied (signal, session->plan->tty))
    pass_on (session, signal);
  else if (signal != SIGCONT)
    give_up (session, signal);
}

static void converse (struct session *session) {
  struct pollfd sources[] = {
    { .fd = session->call.socket, .events = POLLIN },
    { .fd = session->signals, .events = POLLIN },
    { .fd = session->plan->forwards_stdin ? STDIN_FILENO : -1, .events = POLLIN },
    { .fd = -1, .events = POLLOUT },
  };
  while (!session->has_exited) {
    sources[0].fd = session->full < 0 ? session->call.socket : -1;
    sources[3].fd = session->full;
    if (poll (sources, sizeof sources / sizeof *sources, -1) < 0)
      continue;
    for (int signal = sources[1].revents ? next_signal (session->signals) : 0; signal;
         signal = next_signal (session->signals))
      take_signal (session, signal);
    if (sources[0].revents && !call_read (&session->call))
      leave_session (session, 0);
    if (sources[0].revents || sources[3].revents)
      take_frames (session);
    if (!session->has_exited && sources[2].revents)
      leave_session (session, 0);
  }
}

/* Waits for the end of the stream: only then has a container with --rm been removed. */
static void say_goodbye (struct session *session) {
  struct pollfd sources[] = {
    { .fd = session->call.socket, .events = POLLIN },
    { .fd = session->signals, .events = POLLIN },
  };
  struct frame frame;
  call_send (&session->call, REMOTE_CLOSED | NO_DATA, NULL, 0);
  for (;;) {
    for (; call_next (&session->call, &frame); call_took (&session->call, &frame))
      if (frame.type == FRAME_RESPONSE || (frame.flags & REMOTE_CLOSED))
        return;
    if (poll (sources, sizeof sources / sizeof *sources, GOODBYE_MS) <= 0)
      return;
    int signal = sources[1].revents ? next_signal (session->signals) : 0;
    if (is_ending (signal))
      give_up (session, signal);
    if (sources[0].revents && !call_read (&session->call))
      return;
  }
}

int session_run (const struct session_plan *plan) {
  struct session session = { .plan = plan, .full = -1 };
  if (!call_connect (&session.call, plan->socket_path))
    leave (NULL);
  session.signals = watch_signals (plan->tty);
  if (session.signals < 0)
    leave (NULL);
  if (plan->forwards_stdin && plan->tty)
    enter_raw ();
  if (!call_begin (&session.call, plan))
    leave_session (&session, 0);
  converse (&session);
  say_goodbye (&session);
  leave_raw ();
  return session.exit_code;
}
