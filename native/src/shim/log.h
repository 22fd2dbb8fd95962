/*
 * The container's log in the CRI text format: `TIME stdout|stderr F|P TEXT\n`, in numbered segments. P: the
 * program's text has no newline there. A log that cannot be written never stops the output.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct log {
  int folder; /* -1: no log */
  int file;
  bool scanned;
  uint32_t segment; /* number of the open one */
  uint32_t keep;
  uint64_t segment_bytes;
  uint64_t size; /* of the open segment, up to the last whole entry */
  uint64_t lost; /* bytes of entries that could not be written */
  char *staged;  /* whole entries on their way */
  uint32_t staged_size;
};

void log_open (struct log *log, const char *folder, uint64_t segment_bytes, uint32_t keep);

/* Writes one chunk of output, which lies in two parts. stream: 1 stdout, 2 stderr. */
void log_write (struct log *log, int stream, const struct iovec chunk[2]);
