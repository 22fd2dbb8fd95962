/*
 * The container's log in the CRI text format: `TIME stdout|stderr F|P TEXT\n`, in numbered segments. P means that the
 * program's text has no newline there. A log that cannot be written does not stop the output: the bytes left out are
 * counted, and an entry `TIME STREAM F:lost BYTES\n` marks them as soon as it can be written.
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
  uint64_t lost[2];   /* bytes of stdout and stderr that could not be written since the last mark */
  uint64_t marked[2]; /* bytes to report to the daemon: log_marked */
  char *staged;       /* whole entries of one stream that are not written yet */
  uint32_t staged_size;
  uint32_t staged_text; /* bytes of the program's output in them */
};

/* -1: the folder cannot be opened. */
int log_open (struct log *log, const char *folder, uint64_t segment_bytes, uint32_t keep);

/* Writes one chunk of output, in two parts. stream: 1 stdout, 2 stderr. */
void log_write (struct log *log, int stream, const struct iovec chunk[2]);

/* After the last chunk: marks the lost bytes that are not marked yet, if it can. */
void log_end (struct log *log);

/* Bytes of the stream that were left out, once their mark is written or after the end. Each byte is returned once. */
uint64_t log_marked (struct log *log, int stream);
