/* The init's binary, as a part of the shim's, and a sealed copy of it for each container. */
#include "binary.h"
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/memfd.h"

__asm__ (".section .rodata.liker_init, \"a\"\n"
         ".hidden liker_init, liker_init_end\n"
         ".global liker_init, liker_init_end\n"
         "liker_init:\n"
         ".incbin \"" INIT_BINARY "\"\n"
         "liker_init_end:\n"
         ".previous\n");

extern const char liker_init[], liker_init_end[];

int init_binary (void) {
  cleanup_fd int fd = open_memfd ("liker-init", true);
  if (fd < 0 || write_all (fd, liker_init, (size_t)(liker_init_end - liker_init)) < 0)
    return -1;
  /* A process that may not read its own binary is not dumpable, and then nobody could inspect /proc/1 (would_dump in fs/exec.c). */
  if (fchmod (fd, 0555) < 0 || seal_memfd (fd) < 0)
    return -1;
  return steal_fd (&fd);
}
