#include "call.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/syscalls.h"

#define SERVICE "liker.v1.SessionService"
#define FRAME_REQUEST 1
/* The connection has one call. */
#define STREAM 1
#define READ_BYTES (64ul * 1024)

static void put_frame (struct buffer *out, uint8_t type, uint8_t flags, const void *data, size_t length) {
  const uint32_t head[2] = { htonl ((uint32_t)length), htonl (STREAM) };
  put_bytes (out, head, sizeof head);
  put_bytes (out, &type, 1);
  put_bytes (out, &flags, 1);
  put_bytes (out, data, length);
}

static bool send_all (int socket, const struct buffer *out) {
  size_t sent = 0;
  while (sent < out->length) {
    ssize_t some = RETRY (send (socket, out->data + sent, out->length - sent, MSG_NOSIGNAL));
    if (some < 0)
      return false;
    sent += (size_t)some;
  }
  return true;
}

bool call_connect (struct call *call, const char *socket_path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strncpy (address.sun_path, socket_path, sizeof address.sun_path - 1);
  call->socket = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return call->socket >= 0 && connect (call->socket, (struct sockaddr *)&address, sizeof address) == 0;
}

bool call_begin (struct call *call, const struct session_plan *plan) {
  struct buffer request = { 0 }, out = { 0 };
  put_field (&request, BYTES_TAG (1), SERVICE, sizeof SERVICE - 1);
  put_field (&request, BYTES_TAG (2), plan->method, strlen (plan->method));
  put_frame (&out, FRAME_REQUEST, REMOTE_OPEN, request.data, request.length);
  put_frame (&out, FRAME_DATA, 0, plan->start, plan->start_length);
  bool is_sent = send_all (call->socket, &out);
  buffer_free (&request);
  buffer_free (&out);
  return is_sent;
}

bool call_send (struct call *call, uint8_t flags, const void *message, size_t length) {
  struct buffer out = { 0 };
  put_frame (&out, FRAME_DATA, flags, message, length);
  bool is_sent = send_all (call->socket, &out);
  buffer_free (&out);
  return is_sent;
}

bool call_read (struct call *call) {
  struct buffer *in = &call->in;
  buffer_drop (in, call->handled);
  call->handled = 0;
  uint8_t *room = buffer_room (in, READ_BYTES);
  ssize_t some = RETRY (recv (call->socket, room, READ_BYTES, MSG_DONTWAIT));
  if (some > 0)
    in->length += (size_t)some;
  return some > 0 || (some < 0 && errno == EAGAIN);
}

bool call_next (const struct call *call, struct frame *frame) {
  const uint8_t *at = call->in.data + call->handled;
  size_t rest = call->in.length - call->handled;
  uint32_t length;
  if (rest < HEADER_BYTES)
    return false;
  memcpy (&length, at, sizeof length);
  *frame = (struct frame){ .type = at[8], .flags = at[9], .data = at + HEADER_BYTES, .length = ntohl (length) };
  return rest - HEADER_BYTES >= frame->length;
}

void call_took (struct call *call, const struct frame *frame) { call->handled += HEADER_BYTES + frame->length; }
