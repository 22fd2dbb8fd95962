#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include "../../include/liker.h"
#include "../base/cleanup.h"
#include "../base/in_root.h"
#include "../base/syscalls.h"
#include "../base/text.h"

/* Opens for reading what an O_PATH fd stands for: a node that is not regular is never opened. */
static int reopen (int found) {
  char path[40];
  put_number (put_text (path, "/proc/self/fd/"), (uint64_t)found);
  return open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static ssize_t read_whole (int file, char *buffer, size_t size) {
  size_t length = 0;
  for (;;) {
    char more;
    bool full = length == size;
    ssize_t got = RETRY (read (file, full ? &more : buffer + length, full ? 1 : size - length));
    if (got < 0)
      return -errno;
    if (got == 0)
      return (ssize_t)length;
    if (full)
      return -EFBIG;
    length += (size_t)got;
  }
}

ssize_t liker_read_in_root (const char *root, const char *path, void *buffer, size_t size) {
  struct stat st;
  cleanup_fd int top = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (top < 0)
    return -errno;
  cleanup_fd int found = in_root_open (top, path, O_PATH);
  if (found < 0 || fstat (found, &st) < 0)
    return -errno;
  if (!S_ISREG (st.st_mode))
    return -EINVAL;
  if (st.st_size > 0 && (size_t)st.st_size > size)
    return -EFBIG;
  cleanup_fd int file = reopen (found);
  if (file < 0)
    return -errno;
  return read_whole (file, buffer, size);
}
