#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include "base/cleanup.h"
#include "include/liker.h"

struct mapping {
  unsigned long from, to;
  bool clean; /* it maps a file, is not writable, and no page of it is a private copy */
};

static void close_file (FILE **file) {
  if (*file)
    (void)fclose (*file);
}

static void release (const struct mapping *mapping) {
  if (mapping->clean)
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the address is from a text of the kernel */
    madvise ((void *)mapping->from, mapping->to - mapping->from, MADV_DONTNEED);
}

/* A line of /proc/PID/smaps (proc(5)): the header of a mapping, or one of its values. */
static void read_line (const char *line, struct mapping *mapping) {
  unsigned long from, to, inode, kib;
  char permissions[5];
  if (sscanf (line, "%lx-%lx %4s %*s %*s %lu", &from, &to, permissions, &inode) == 4) {
    release (mapping);
    *mapping = (struct mapping){ from, to, inode && permissions[1] == '-' };
  } else if ((sscanf (line, "Anonymous: %lu", &kib) == 1 || sscanf (line, "Swap: %lu", &kib) == 1) && kib)
    mapping->clean = false;
}

int liker_trim (void) {
  __attribute__ ((cleanup (close_file))) FILE *smaps = fopen ("/proc/self/smaps", "re");
  struct mapping mapping = { 0 };
  char line[512]; /* the rest of a longer line matches nothing */
  if (!smaps)
    return -errno;
  while (fgets (line, sizeof line, smaps))
    read_line (line, &mapping);
  release (&mapping);
  malloc_trim (0);
  return 0;
}
