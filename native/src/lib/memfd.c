#define _GNU_SOURCE
#include "memfd.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include "../../include/liker.h"
#include "../base/cleanup.h"
#include "../base/syscalls.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u
#define MFD_EXEC 0x10u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

/* Before Linux 6.3 there is neither flag; from then on vm.memfd_noexec may refuse what names none. */
int open_memfd (const char *name, bool executable) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = sys_memfd_create (name, flags | (executable ? MFD_EXEC : MFD_NOEXEC_SEAL));
  return fd < 0 && errno == EINVAL ? sys_memfd_create (name, flags) : fd;
}

int seal_memfd (int fd) {
  int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl (fd, F_ADD_SEALS, seals | F_SEAL_EXEC) == 0)
    return 0;
  return errno == EINVAL ? fcntl (fd, F_ADD_SEALS, seals) : -1;
}

int write_all (int fd, const void *data, size_t size) {
  const char *at = data;
  while (size > 0) {
    ssize_t written = RETRY (write (fd, at, size));
    if (written < 0)
      return -1;
    at += written;
    size -= (size_t)written;
  }
  return 0;
}

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
