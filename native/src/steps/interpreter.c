#include "interpreter.h"
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

#define LINE_MAX_BYTES 256 /* as much of a script as the kernel reads (BINPRM_BUF_SIZE) */
#define HEADERS_MAX 64
#define DEPTH_MAX 5 /* an interpreter may be a script too */

static bool read_at (int file, void *buffer, size_t size, uint64_t offset) {
  return RETRY (pread (file, buffer, size, (off_t)offset)) == (ssize_t)size;
}

static bool of_script (int file, char name[PATH_MAX]) {
  char line[LINE_MAX_BYTES + 1] = "";
  if (RETRY (pread (file, line, LINE_MAX_BYTES, 0)) < 2 || memcmp (line, "#!", 2) != 0)
    return false;
  const char *begin = line + 2 + strspn (line + 2, " \t");
  size_t length = strcspn (begin, " \t\n");
  memcpy (name, begin, length);
  name[length] = '\0';
  return length > 0;
}

static bool read_name (int file, char name[PATH_MAX], uint64_t offset, uint64_t size) {
  if (size < 2 || size > PATH_MAX || !read_at (file, name, (size_t)size, offset))
    return false;
  name[size - 1] = '\0';
  return true;
}

/* The headers of both sizes have the same fields. */
#define DEFINE_OF_ELF(bits)                                                              \
  static bool of_elf##bits (int file, char name[PATH_MAX]) {                             \
    Elf##bits##_Ehdr header;                                                             \
    Elf##bits##_Phdr segment;                                                            \
    if (!read_at (file, &header, sizeof header, 0) || header.e_phentsize != sizeof segment) \
      return false;                                                                      \
    for (unsigned i = 0; i < header.e_phnum && i < HEADERS_MAX; i++) {                   \
      if (!read_at (file, &segment, sizeof segment, header.e_phoff + i * sizeof segment)) \
        return false;                                                                    \
      if (segment.p_type == PT_INTERP)                                                   \
        return read_name (file, name, segment.p_offset, segment.p_filesz);               \
    }                                                                                    \
    return false;                                                                        \
  }
DEFINE_OF_ELF (32)
DEFINE_OF_ELF (64)

static bool find_one (const char *path, char name[PATH_MAX]) {
  unsigned char id[EI_NIDENT];
  struct stat st;
  cleanup_fd int file = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0 || fstat (file, &st) < 0 || !S_ISREG (st.st_mode))
    return false;
  if (of_script (file, name))
    return true;
  if (!read_at (file, id, sizeof id, 0) || memcmp (id, ELFMAG, SELFMAG) != 0)
    return false;
  return id[EI_CLASS] == ELFCLASS64 ? of_elf64 (file, name) : of_elf32 (file, name);
}

bool find_missing_interpreter (const char *path, char name[PATH_MAX]) {
  char next[PATH_MAX];
  for (int depth = 0; depth < DEPTH_MAX && find_one (path, next); depth++) {
    strcpy (name, next);
    if (access (name, F_OK) < 0)
      return true;
    path = name;
  }
  return false;
}
