#include <fcntl.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "include/liker.h"

#define UNREAD (-1)
#define MISSING (-2)

/*
 * A read of a seq_file returns whole records, as many as fit into a page (fs/seq_file.c, seq_read_iter). No record of the files
 * that are read here is longer than half a page, so a shorter read has reached the end.
 */
#define CERTAIN_END 2048

static ssize_t read_from_start (int fd, char *buffer, size_t size) {
  size_t length = 0;
  while (length < size) {
    ssize_t got = RETRY (pread (fd, buffer + length, size - length, (off_t)length));
    if (got < 0)
      return -errno;
    length += (size_t)got;
    if (got < CERTAIN_END)
      return (ssize_t)length;
  }
  return -EFBIG;
}

ssize_t liker_read_files (const char *paths, int32_t *fds, size_t count, int keep, void *buffer, size_t size,
                          int32_t *lengths) {
  char *end = buffer;
  size_t left = size;
  for (size_t i = 0; i < count; i++, paths += strlen (paths) + 1) {
    lengths[i] = -ENOENT;
    if (fds[i] == MISSING)
      continue;
    if (fds[i] == UNREAD)
      fds[i] = open (paths, O_RDONLY | O_CLOEXEC);
    ssize_t length = fds[i] < 0 ? -errno : read_from_start (fds[i], end, left);
    if (!keep)
      close_fd (&fds[i]);
    lengths[i] = (int32_t)length;
    if (length > 0) {
      end += length;
      left -= (size_t)length;
    }
  }
  return end - (char *)buffer;
}

void liker_close_files (int32_t *fds, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (fds[i] >= 0)
      close_fd (&fds[i]);
}
