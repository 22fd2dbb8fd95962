#include "takeover.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "containers.h"
#include "frames.h"

#define PATIENCE_S 5

/* -1 and errno; ENOENT or ECONNREFUSED: nobody listens. */
static int connect_to (const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (strlen (path) >= sizeof address.sun_path)
    return failed (ENAMETOOLONG);
  memcpy (address.sun_path, path, strlen (path));
  const struct timeval patience = { .tv_sec = PATIENCE_S };
  cleanup_fd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
      RETRY (connect (fd, (const struct sockaddr *)&address, sizeof address)) < 0)
    return -1;
  return steal_fd (&fd);
}

static int request (int fd, char kind) {
  const char bytes[] = { 1, 0, 0, 0, kind };
  return send_passed (fd, bytes, sizeof bytes, &(struct passed){ .count = 0 });
}

static int check_build (int fd, const char *build) {
  char answer[1 + BUILD_SIZE];
  if (request (fd, 'H') < 0)
    return -1;
  ssize_t got = RETRY (recv (fd, answer, sizeof answer, MSG_WAITALL));
  if (got != sizeof answer)
    return got < 0 ? -1 : failed (EPROTO);
  return memcmp (answer + 1, build, BUILD_SIZE) != 0 ? 0 : failed (EALREADY);
}

/* 1: that was the last one. */
static int take (struct frames *frames, int fd, const struct request *request) {
  int error = 0;
  if (request->kind == 'O' && container_open (request->container, frames->passed.fd, frames->passed.count) < 0) {
    error = errno;
    passed_close (&frames->passed);
  } else if (request->kind != 'O' && request->kind != 'E')
    return failed (EPROTO);
  frames->passed.count = 0;
  const unsigned char answer = (unsigned char)error;
  return RETRY (send (fd, &answer, sizeof answer, MSG_NOSIGNAL)) < 0 ? -1 : request->kind == 'E';
}

static int take_all (struct frames *frames, int fd) {
  for (;;) {
    struct request request;
    int found;
    while ((found = frames_next (frames, &request)) > 0) {
      int taken = take (frames, fd, &request);
      if (taken != 0)
        return taken;
    }
    if (found < 0)
      return failed (EPROTO);
    int got = frames_receive (frames, fd);
    if (got <= 0)
      return got < 0 ? -1 : failed (EPIPE);
  }
}

int take_over (const char *path, const char *build) {
  cleanup_fd int fd = connect_to (path);
  if (fd < 0)
    return errno == ENOENT || errno == ECONNREFUSED ? 0 : -1;
  struct frames frames __attribute__ ((cleanup (frames_free))) = { .bytes = NULL };
  if (check_build (fd, build) < 0 || request (fd, 'T') < 0)
    return -1;
  return take_all (&frames, fd);
}
