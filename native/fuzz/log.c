/*
 * The log of a container: output of any bytes, on a disk that may be full at every write. Every byte of output is in the log, or
 * is counted as lost where it would stand.
 * Input: u8 bytes per segment / 64, u8 n, n bytes of answers of the kernel, then chunks: u8 stream, u8 size, bytes.
 */
#include "shim/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "kernel.h"
#include "shim/timestamp.h"

#define TAG_AT (TIMESTAMP_SIZE + 1 + 6 + 1)
#define MOST_SEGMENTS 4096

/* The segments, each of the fd that wrote it. */
static struct segment {
  int fd;
  size_t size;
  uint8_t *bytes;
} segments[MOST_SEGMENTS];
static size_t count;

int fuzz_openat (int dir, const char *path, int flags, ...);
int fuzz_openat (int dir, const char *path, int flags, ...) {
  (void)dir;
  require (strlen (path) == 12 && flags & O_APPEND, "a segment has eight digits, and is appended to");
  int fd = draw_failure () || count == MOST_SEGMENTS ? -1 : kernel_fd ();
  if (fd >= 0)
    segments[count++] = (struct segment){ .fd = fd };
  return fd;
}

static struct segment *last (int fd) {
  require (count > 0 && segments[count - 1].fd == fd, "only the last segment is written");
  return &segments[count - 1];
}

int fuzz_fstat (int fd, struct stat *st);
int fuzz_fstat (int fd, struct stat *st) {
  memset (st, 0, sizeof *st);
  st->st_size = (off_t)last (fd)->size;
  return draw_failure () ? -1 : 0;
}

ssize_t fuzz_write (int fd, const void *data, size_t size) {
  struct segment *segment = last (fd);
  if (draw_failure ())
    return -1;
  uint8_t short_by = draw ();
  if (short_by >= 0xc0 && size > short_by)
    size -= short_by;
  segment->bytes = realloc (segment->bytes, segment->size + size);
  memcpy (segment->bytes + segment->size, data, size);
  segment->size += size;
  return (ssize_t)size;
}

int fuzz_ftruncate (int fd, off_t size);
int fuzz_ftruncate (int fd, off_t size) {
  require ((size_t)size <= last (fd)->size, "a segment is only cut");
  last (fd)->size = (size_t)size;
  return 0;
}

/* What the program wrote, and how far the entries read so far agree with it. */
static struct output {
  uint8_t *bytes;
  size_t size, at;
} outputs[2];

/* Takes one entry from the text at `at`. */
static const uint8_t *take_entry (const uint8_t *at, const uint8_t *end) {
  require (end - at > TAG_AT + 2, "an entry has a prefix");
  int stream = at[TIMESTAMP_SIZE + 4] == 'o' ? 0 : 1;
  struct output *output = &outputs[stream];
  require (!memcmp (at + TIMESTAMP_SIZE, stream ? " stderr " : " stdout ", 8), "it names its stream");
  const uint8_t *tag = at + TAG_AT, *newline = memchr (tag, '\n', (size_t)(end - tag));
  require (newline != NULL, "an entry ends");
  if (newline - tag > 7 && !memcmp (tag, "F:lost ", 7)) {
    output->at += strtoull ((const char *)tag + 7, NULL, 10);
    require (output->at <= output->size, "no more is lost than there was");
    return newline + 1;
  }
  require ((tag[0] == 'F' || tag[0] == 'P') && tag[1] == ' ', "an entry has a tag");
  /* The text of a P entry has no newline; that of an F entry ends with one. */
  size_t size = (size_t)(newline - tag - 2) + (tag[0] == 'F');
  require (size <= output->size - output->at && !memcmp (output->bytes + output->at, tag + 2, size),
           "it has the program's bytes");
  output->at += size;
  return newline + 1;
}

static void check_log (void) {
  for (size_t i = 0; i < count; i++)
    for (const uint8_t *at = segments[i].bytes, *end = segments[i].size ? at + segments[i].size : at; at < end;)
      at = take_entry (at, end);
}

static void write_chunk (struct log *log, int stream, const uint8_t *data, size_t size) {
  struct output *output = &outputs[stream - 1];
  output->bytes = realloc (output->bytes, output->size + size + 1);
  memcpy (output->bytes + output->size, data, size);
  output->size += size;
  size_t first = size / 3;
  const struct iovec parts[2] = { { (void *)data, first }, { (void *)(data + first), size - first } };
  log_write (log, stream, parts);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  struct log log;
  if (size < 2 || size < (size_t)data[1] + 2)
    return 0;
  kernel_begin (data + 2, data[1]);
  const uint8_t *at = data + 2 + data[1], *end = data + size;
  int opened = log_open (&log, "/log", (uint64_t)data[0] * 64, 3);
  while (opened == 0 && end - at >= 2) {
    int stream = 1 + (*at++ & 1);
    size_t length = *at++;
    if (length > (size_t)(end - at))
      length = (size_t)(end - at);
    write_chunk (&log, stream, at, length);
    at += length;
  }
  if (opened == 0)
    log_end (&log);
  check_log ();
  for (int i = 0; i < 2; i++) {
    uint64_t marked = opened == 0 ? log_marked (&log, i + 1) : 0;
    /* What was lost last has no mark if that could not be written either. */
    require (outputs[i].size - outputs[i].at <= marked || opened < 0, "every byte is in the log or counted as lost");
    free (outputs[i].bytes);
    outputs[i] = (struct output){ 0 };
  }
  for (size_t i = 0; i < count; i++)
    free (segments[i].bytes);
  count = 0;
  if (opened == 0)
    free (log.staged);
  return 0;
}
