/* The first names of files with several. */
#pragma once
#include <stddef.h>
#include <sys/stat.h>
#include "bytes.h"

struct link {
  dev_t device;
  ino_t inode;
  size_t name; /* where it ends in the names, with its NUL; 0: no link */
  size_t length;
};

struct links {
  struct link *table;
  size_t count, room; /* a power of two */
  struct bytes names;
};

/* The name under which the file came before, until the next call. NULL: it did not, and this one is kept; or errno is ENOMEM, else 0. */
const char *earlier_name (struct links *links, const struct stat *st, const char *name);
