/* A record lock of fcntl(2) ends with its process, and F_GETLK gives the pid. No child shares it. */
#include <fcntl.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"

int liker_lock (const char *path, int32_t *holder) {
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  cleanup_fd int fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return -errno;
  if (fcntl (fd, F_SETLK, &lock) == 0)
    return steal_fd (&fd);
  int error = errno == EACCES ? EAGAIN : errno;
  if (error == EAGAIN && fcntl (fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
    *holder = lock.l_pid;
  return -error;
}
