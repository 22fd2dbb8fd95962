/* The entries of the layer's archive. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>
#include "recorder.h"

/* The next block of an archive, which is valid until the next call. 0 at its end, or -1. */
typedef ssize_t tar_source (void *from, const void **block);

struct tar {
  const struct libraries *libraries;
  tar_source *read;
  void *from;
  struct recorder *recorder; /* NULL: no recipe is wanted */
  int *passed; /* the descriptor that came last and was not taken, or -1; NULL: contents of files are all in the archive */
  struct archive *archive;
  struct archive_entry *entry;
  uint64_t count; /* bytes of the archive that the reader was given */
  uint64_t tail;  /* zeros that it was given after them */
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
  bool is_passed; /* the contents are in a descriptor, and not in the archive */
  struct timespec mtime;
};

int tar_begin (struct tar *tar);

/* The next entry, whose texts are valid until the next call. 1, 0 at the end of the archive, or -1. */
int tar_next (struct tar *tar, struct entry *entry);

/* Some of an entry's data, its place in the file, and in the archive. */
struct tar_block {
  const void *bytes;
  size_t count;
  uint64_t offset, position;
};

/* The next block of the entry's data. 1, 0 at the end of the file, or -1. */
int tar_data (struct tar *tar, const char *name, struct tar_block *block);

/* Takes the descriptor of an entry that is passed; -1 if none came. */
int tar_contents (struct tar *tar);

/* The next of the entry's extended attributes. False after the last. */
bool tar_xattr (struct tar *tar, const char **name, const void **value, size_t *size);

/* Reads what follows the end of the archive, which belongs to its digest and its recipe. */
int tar_end (struct tar *tar);
