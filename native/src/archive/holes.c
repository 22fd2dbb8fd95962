#include "holes.h"
#include <errno.h>
#include <unistd.h>

int next_data (int fd, off_t at, off_t size, struct part *part) {
  part->from = lseek (fd, at, SEEK_DATA);
  if (part->from < 0 && errno != ENXIO)
    return -1;
  if (part->from < 0 || part->from >= size)
    return 0;
  part->end = lseek (fd, part->from, SEEK_HOLE);
  /* Cut off meanwhile. */
  if (part->end < 0 || part->end > size)
    part->end = size;
  return 1;
}
