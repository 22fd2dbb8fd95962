/* An entry of a tar archive that is being written. */
#pragma once
#include <sys/stat.h>
#include "sink.h"

struct tar_writer {
  struct sink *sink;
  struct archive *archive;
  struct archive_entry *entry;
  void *links; /* of tsearch(3): files with several names, by inode */
};

/* A file, and how it is to be called in the archive. */
struct tar_file {
  const char *name;
  struct stat st;
  int fd;             /* of a regular file or a folder, open for reading; -1 */
  const char *target; /* of a symbolic link */
};

/* Records what libarchive says about the entry with this name, and returns -1. */
int tar_failed (const struct tar_writer *writer, const char *name);
