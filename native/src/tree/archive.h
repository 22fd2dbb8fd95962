/* A tar archive that is being written: pax (POSIX.1-2001), where a header of ustar cannot hold a value. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "bytes.h"
#include "problem.h"

#define ARCHIVE_BUFFER (256u << 10)

struct archive {
  int out;
  bool passes; /* `out` is a Unix socket: large contents go through it as descriptors, which liker-unpack copies from */
  uint64_t bytes;    /* so many were put */
  size_t waiting;    /* in the buffer */
  struct bytes extra; /* records of the next entry's pax header */
  struct problem *problem;
  char buffer[ARCHIVE_BUFFER];
};

struct entry {
  const char *name;
  const struct stat *st;
  uint64_t size;      /* of what follows */
  const char *target; /* of a symbolic link, or of a hard link */
  bool is_hard_link;
};

/* Each adds a record to the next entry's pax header. */
int archive_record (struct archive *archive, const char *key, const void *value, size_t size);
int archive_text (struct archive *archive, const char *key, const char *text);
int archive_number (struct archive *archive, const char *key, uint64_t value);

/* The headers of an entry. Its contents follow by archive_put, then archive_pad. */
int archive_entry (struct archive *archive, const struct entry *entry);
int archive_put (struct archive *archive, const void *data, size_t size);
int archive_pad (struct archive *archive, uint64_t size);
uint64_t archive_padded (uint64_t size);

/* What waits is written: then whoever has `out` may write to it. */
int archive_flush (struct archive *archive);

/* What waits, such as the headers of an entry, is written together with a descriptor that has the entry's contents. */
int archive_pass (struct archive *archive, int contents);

/* The two blocks of zeros at the end. */
int archive_end (struct archive *archive);

/* Records the problem and returns -1. */
int archive_out_of_memory (struct archive *archive, const char *name);
