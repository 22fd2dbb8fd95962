/* The entries of the layer's archive. */
#pragma once
#include <sys/stat.h>
#include "ring.h"

struct tar {
  const struct libraries *libraries;
  struct ring *ring;
  struct archive *archive;
  struct archive_entry *entry;
  uint64_t tail; /* zeros given out after the end of the stream */
  struct problem *problem;
};

struct entry {
  const char *name;   /* as it is in the archive */
  const char *target; /* of a symbolic or hard link, else NULL */
  bool is_hard_link;
  mode_t type, mode; /* of stat(2), S_IFMT and 07777 */
  uid_t uid;
  gid_t gid;
  dev_t device;
  uint64_t size;
  struct timespec mtime;
};

int tar_begin (struct tar *tar);

/* The next entry, whose texts are valid until the next call. 1, 0 at the end of the archive, or -1. */
int tar_next (struct tar *tar, struct entry *entry);

/* The next block of the entry's data, and its place in the file. 1, 0 at the end of the file, or -1. */
int tar_data (struct tar *tar, const char *name, const void **block, size_t *count, uint64_t *offset);

/* The next of the entry's extended attributes. False after the last. */
bool tar_xattr (struct tar *tar, const char **name, const void **value, size_t *size);
