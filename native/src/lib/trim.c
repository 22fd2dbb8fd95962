#define _GNU_SOURCE
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include "base/cleanup.h"
#include "include/liker.h"

struct mapping {
  unsigned long from, to;
  bool clean; /* of a file, not writable, and no page of it is a copy */
};

static void close_file (FILE **file) {
  if (*file)
    fclose (*file);
}

static void release (const struct mapping *mapping) {
  if (mapping->clean)
    madvise ((void *)mapping->from, mapping->to - mapping->from, MADV_DONTNEED);
}

/* One line of /proc/PID/smaps (proc(5)): the head of a mapping, or a figure of it. */
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
  char line[512]; /* the rest of a longer one reads as a line that says nothing */
  if (!smaps)
    return -errno;
  while (fgets (line, sizeof line, smaps))
    read_line (line, &mapping);
  release (&mapping);
  malloc_trim (0);
  return 0;
}
