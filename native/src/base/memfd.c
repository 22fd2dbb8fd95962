#include "memfd.h"
#include <fcntl.h>
#include <sys/mman.h>
#include "cleanup.h"
#include "syscalls.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u
#define MFD_EXEC 0x10u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

/* Since Linux 6.3, vm.memfd_noexec may refuse a memfd without one of these flags. Older kernels know neither. */
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
