#include "receive.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/passing.h"
#include "frames.h"
#include "include/protocol.h"

#define FIRST_CAPACITY (4u << 10)
#define KEPT_CAPACITY (256u << 10)
#define KEPT_MS 1000 /* how long an idle connection keeps more than FIRST_CAPACITY */
#define RECEIVE_TURN (512u << 10)
#define OUTBOX_HELD (4u << 20)
#define CLIENT_OUTBOX_HELD (64u << 10)
#define CLIENT_STDIN_HELD (2u << 20) /* more than one client sends before the process takes it */
#define CLIENT_FRAME_MAX (SHIM_FRAME_HEADER + 2 * sizeof (uint64_t) + MAX_DATA_BYTES)

static bool grow (struct connection *connection, size_t needed) {
  if (connection->in_capacity >= needed)
    return true;
  size_t capacity = connection->in_capacity ? connection->in_capacity : FIRST_CAPACITY;
  while (capacity < needed)
    capacity *= 2;
  uint8_t *data = realloc (connection->in, capacity);
  if (!data)
    return false;
  connection->in = data;
  connection->in_capacity = capacity;
  return true;
}

/* The size of the frame at `at`: 0 if its length has not arrived yet, -1 if it is malformed. */
static ssize_t frame_size (const struct connection *connection, size_t at) {
  uint32_t length, most = connection->process ? CLIENT_FRAME_MAX : MAX_FRAME_BYTES;
  if (connection->in_length - at < sizeof length)
    return 0;
  memcpy (&length, connection->in + at, sizeof length);
  if (length < SHIM_FRAME_HEADER - sizeof length || length > most)
    return -1;
  return (ssize_t)(length + sizeof length);
}

/*
 * Hundreds of clients may ask for the contents of the rings at once. A bound on the answers makes them take turns. A client itself waits,
 * in its socket, for the process to read what is queued.
 */
static bool is_behind (const struct connection *connection) {
  const struct process *process = connection->process;
  size_t most = process ? CLIENT_OUTBOX_HELD : OUTBOX_HELD;
  return outbox_waiting (&connection->out) >= most || (process && process->in.queued >= CLIENT_STDIN_HELD);
}

/* A client must not have files opened here: read(2) drops those that come with its bytes. */
static ssize_t receive_bytes (struct connection *connection, void *data, size_t size) {
  int fd = connection->source.fd, passed;
  if (connection->process)
    return read (fd, data, size);
  ssize_t got = receive_with_fd (fd, data, size, &passed);
  if (passed >= 0) {
    close_fd (&connection->passed);
    connection->passed = passed;
  }
  return got;
}

bool connection_can_receive (const struct connection *connection) {
  return (connection->source.readable || connection->held) && !is_behind (connection);
}

static void free_buffer (struct connection *connection) {
  free (connection->in);
  connection->in = NULL;
  connection->in_capacity = 0;
}

uint64_t buffer_deadline (const struct connection *connection) {
  bool is_large = connection->in_capacity > FIRST_CAPACITY && !connection->in_length;
  return is_large ? connection->received_at + KEPT_MS : UINT64_MAX;
}

/* Handles the frames that have arrived whole. False for a malformed one. */
static bool handle_frames (struct shim *shim, struct connection *connection) {
  size_t at = 0;
  ssize_t size;
  connection->held = false;
  while ((size = frame_size (connection, at)) > 0 && connection->in_length - at >= (size_t)size) {
    connection->held = is_behind (connection);
    if (connection->held)
      break;
    if (!frame_handle (shim, connection, connection->in + at, (size_t)size))
      return false;
    at += (size_t)size;
  }
  connection->in_length -= at;
  memmove (connection->in, connection->in + at, connection->in_length);
  if (!connection->in_length && connection->in_capacity > KEPT_CAPACITY)
    free_buffer (connection);
  return size >= 0 && grow (connection, (size_t)size);
}

void connection_receive (struct shim *shim, struct connection *connection) {
  size_t turn = 0;
  if (connection->held && !is_behind (connection) && !handle_frames (shim, connection))
    connection->doomed = true;
  if (connection->in_capacity > FIRST_CAPACITY && now_ms () >= buffer_deadline (connection)) {
    free_buffer (connection);
    malloc_trim (0);
  }
  while (connection->source.readable && !is_behind (connection) && !connection->doomed && turn < RECEIVE_TURN) {
    if (!grow (connection, connection->in_length + FIRST_CAPACITY)) {
      connection->doomed = true;
      return;
    }
    size_t room = connection->in_capacity - connection->in_length;
    ssize_t got = receive_bytes (connection, connection->in + connection->in_length, room);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && errno == EAGAIN) {
      connection->source.readable = false;
      return;
    }
    if (got <= 0) {
      connection->doomed = true;
      return;
    }
    connection->received_at = now_ms ();
    connection->in_length += (size_t)got;
    turn += (size_t)got;
    if (!handle_frames (shim, connection))
      connection->doomed = true;
  }
}
