/*
 * The queries that likerd has a shim answer, and what /proc says for the container.
 * Input: u8 n, n bytes of the plan, answers of the kernel.
 */
#include "shim/query.h"
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "include/protocol.h"
#include "kernel.h"

#define SOCKET 4

/* What is written to the socket. */
static uint8_t *answer;
static size_t answer_size;

ssize_t fuzz_write (int fd, const void *data, size_t size) {
  if (draw_failure ())
    return -1;
  require (fd == SOCKET && size > 0, "only the answer is written");
  size_t count = 1 + draw () * 64u;
  if (count > size)
    count = size;
  answer = realloc (answer, answer_size + count);
  memcpy (answer + answer_size, data, count);
  answer_size += count;
  return (ssize_t)count;
}

/* One cgroup, with the processes that the script has. */
static FTSENT *group;

FTS *fuzz_fts_open (char *const *paths, int options, int (*compare) (const FTSENT **, const FTSENT **));
FTS *fuzz_fts_open (char *const *paths, int options, int (*compare) (const FTSENT **, const FTSENT **)) {
  (void)options;
  (void)compare;
  if (draw_failure ())
    return NULL;
  group = calloc (1, sizeof *group);
  group->fts_info = FTS_D;
  group->fts_path = paths[0];
  return (FTS *)group;
}

FTSENT *fuzz_fts_read (FTS *walk);
FTSENT *fuzz_fts_read (FTS *walk) {
  (void)walk;
  FTSENT *here = group;
  if (here && here->fts_number++)
    return NULL;
  return here;
}

int fuzz_fts_close (FTS *walk);
int fuzz_fts_close (FTS *walk) {
  (void)walk;
  free (group);
  group = NULL;
  return 0;
}

FILE *fuzz_fopen (const char *path, const char *mode);
FILE *fuzz_fopen (const char *path, const char *mode) {
  (void)mode;
  require (strlen (path) > 0, "a file has a name");
  return draw_failure () ? NULL : stdin;
}

int fuzz___isoc99_fscanf (FILE *file, const char *format, ...);
int fuzz___isoc99_fscanf (FILE *file, const char *format, ...) {
  va_list list;
  (void)file;
  (void)format;
  uint8_t pid = draw ();
  va_start (list, format);
  *va_arg (list, int *) = pid - 2;
  va_end (list);
  return pid ? 1 : EOF;
}

/* The frames of protocol.h follow each other, whole, unless writing failed. */
static void check_answer (bool is_complete) {
  size_t at = 0;
  while (answer_size - at >= SHIM_FRAME_HEADER) {
    uint32_t length;
    memcpy (&length, answer + at, sizeof length);
    require (length >= SHIM_FRAME_HEADER - sizeof length && length <= MAX_FRAME_BYTES, "a frame has a valid length");
    uint8_t type = answer[at + 4];
    require ((type >= SHIM_PROCESS_COUNT && type <= SHIM_ARGUMENTS) || type == SHIM_USER || type == SHIM_FAILED,
             "a frame is an answer");
    if (answer_size - at < length + sizeof length)
      break;
    at += length + sizeof length;
  }
  require (!is_complete || at == answer_size, "the last frame is whole");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  uint8_t *plan = malloc (data[0]);
  memcpy (plan, data + 1, data[0]);
  kernel_begin (data + 1 + data[0], size - 1 - data[0]);
  answer_size = 0;
  int left = setjmp (kernel_exit);
  if (!left)
    answer_query (plan, data[0], SOCKET);
  check_answer (left == 1);
  kernel_end ();
  free (plan);
  return 0;
}
