#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"

/* An abstract name (unix(7)) has a zero byte in the place of the '@', and no NUL at its end. */
int liker_notify (const char *path, const char *text) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  size_t length = strlen (path);
  if (length < 2 || (path[0] != '/' && path[0] != '@'))
    return -EINVAL;
  if (length >= sizeof address.sun_path)
    return -ENAMETOOLONG;
  memcpy (address.sun_path, path, length);
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  cleanup_fd int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  const socklen_t size = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length);
  /* A manager that does not read its messages must not block the daemon. */
  ssize_t sent = RETRY (sendto (fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, size));
  return sent < 0 ? -errno : 0;
}
