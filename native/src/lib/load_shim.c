#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/syscalls.h"
#include "include/liker.h"

static int copy_file (int to, int from) {
  for (;;) {
    ssize_t copied = RETRY (sendfile (to, from, NULL, 1 << 20));
    if (copied <= 0)
      return (int)copied;
  }
}

int liker_load_shim (const char *path) {
  cleanup_fd int file = open (path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (file < 0 || fstat (file, &st) < 0)
    return -errno;
  if (!S_ISREG (st.st_mode) || st.st_size == 0)
    return -ENOEXEC;
  cleanup_fd int memfd = open_memfd ("liker-shim", true);
  if (memfd < 0 || copy_file (memfd, file) < 0 || fchmod (memfd, 0500) < 0 || seal_memfd (memfd) < 0)
    return -errno;
  return steal_fd (&memfd);
}
