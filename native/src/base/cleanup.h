/* Releases a variable at the end of its scope and keeps errno. An fd starts at -1; steal_fd takes it out of the scope. */
#pragma once
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_fd __attribute__ ((cleanup (close_fd)))
#define cleanup_free __attribute__ ((cleanup (free_pointer)))

static inline void close_fd (int *fd) {
  int saved = errno;
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  errno = saved;
}

static inline int steal_fd (int *fd) {
  int stolen = *fd;
  *fd = -1;
  return stolen;
}

static inline void free_pointer (void *pointer) {
  int saved = errno;
  free (*(void **)pointer);
  errno = saved;
}

/* Sets errno and returns -1. */
static inline int failed (int error) {
  errno = error;
  return -1;
}
