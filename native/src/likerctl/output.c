#include "output.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* So many bytes have room if poll(2) says that there is some. */
static size_t piece (size_t length) { return length < PIPE_BUF ? length : PIPE_BUF; }

/* 0: there is no room. */
static ssize_t write_if_room (int fd, const uint8_t *data, size_t length) {
  struct pollfd wait = { .fd = fd, .events = POLLOUT };
  if (poll (&wait, 1, 0) <= 0)
    return 0;
  return wait.revents == POLLOUT ? write (fd, data, piece (length)) : -1;
}

static ssize_t write_some (int fd, const uint8_t *data, size_t length) {
  ssize_t sent = send (fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == ENOTSOCK)
    sent = write_if_room (fd, data, length);
  return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

ssize_t write_now (int fd, const uint8_t *data, size_t length) {
  size_t written = 0;
  while (written < length) {
    ssize_t some = write_some (fd, data + written, length - written);
    if (some < 0 && !written)
      return -1;
    if (some <= 0)
      break;
    written += (size_t)some;
  }
  return (ssize_t)written;
}
