#include <fcntl.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "include/liker.h"

int liker_sync_files (const char *folder) {
  cleanup_fd int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  return syncfs (fd) == 0 ? 0 : -errno;
}
