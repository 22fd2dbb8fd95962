#include "log.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/entries.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "loop.h"
#include "timestamp.h"

#define STAGE_SIZE (64u << 10)
#define MAX_TEXT (16u << 10)
#define TAG_AT (TIMESTAMP_SIZE + 1 + 6 + 1)
#define PREFIX_SIZE (TAG_AT + 2)
#define NAME_DIGITS 8
#define NAME_SIZE (NAME_DIGITS + sizeof ".log")

static void segment_name (char out[NAME_SIZE], uint32_t number) {
  put_text (put_padded (out, number, NAME_DIGITS), ".log");
}

/* The number of a segment's name, 0 for any other name. */
static uint32_t segment_number (const char *name) {
  uint32_t number = 0;
  if (strlen (name) != NAME_SIZE - 1 || strcmp (name + NAME_DIGITS, ".log") != 0)
    return 0;
  for (int i = 0; i < NAME_DIGITS; i++) {
    if (name[i] < '0' || name[i] > '9')
      return 0;
    number = number * 10 + (uint32_t)(name[i] - '0');
  }
  return number;
}

int log_open (struct log *log, const char *folder, uint64_t segment_bytes, uint32_t keep) {
  *log = (struct log){ .folder = -1, .file = -1, .segment_bytes = segment_bytes, .keep = keep ? keep : 1 };
  if (!*folder)
    return 0;
  log->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return log->folder < 0 ? -1 : 0;
}

/* A restarted container continues in the segment with the highest number. */
static void find_last_segment (struct log *log) {
  struct entries entries;
  entries_begin (&entries, log->folder);
  for (const char *name; (name = next_entry (&entries));) {
    uint32_t number = segment_number (name);
    if (number > log->segment)
      log->segment = number;
  }
}

static void open_segment (struct log *log) {
  char name[NAME_SIZE];
  struct stat st;
  segment_name (name, log->segment);
  log->file = openat (log->folder, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  log->size = log->file >= 0 && fstat (log->file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static bool is_ready (struct log *log) {
  if (log->folder < 0)
    return false;
  if (!log->scanned) {
    find_last_segment (log);
    log->segment += log->segment == 0;
    log->scanned = true;
  }
  if (!log->staged) {
    void *memory = mmap (NULL, STAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    log->staged = memory == MAP_FAILED ? NULL : memory;
  }
  if (log->file < 0)
    open_segment (log);
  return log->staged && log->file >= 0;
}

/* False if not all could be written. Then the file is cut back, so that the segment always ends with a whole entry. */
static bool flush (struct log *log) {
  uint32_t done = 0;
  while (done < log->staged_size) {
    ssize_t written = RETRY (write (log->file, log->staged + done, log->staged_size - done));
    if (written <= 0)
      break;
    done += (uint32_t)written;
  }
  bool whole = done == log->staged_size;
  if (whole)
    log->size += done;
  else
    (void)!ftruncate (log->file, (off_t)log->size);
  log->staged_size = 0;
  return whole;
}

static void flush_text (struct log *log, int stream) {
  if (!flush (log))
    log->lost[stream - 1] += log->staged_text;
  log->staged_text = 0;
}

static void rotate (struct log *log) {
  char name[NAME_SIZE];
  close_fd (&log->file);
  log->segment++;
  open_segment (log);
  if (log->segment > log->keep) {
    segment_name (name, log->segment - log->keep);
    unlinkat (log->folder, name, 0);
  }
}

/* Makes room for an entry of `size` bytes, in the stage and in the segment. */
static bool make_room (struct log *log, int stream, size_t size) {
  uint64_t filled = log->size + log->staged_size;
  bool full = log->segment_bytes && filled && filled + size > log->segment_bytes;
  if (full || log->staged_size + size > STAGE_SIZE)
    flush_text (log, stream);
  if (full)
    rotate (log);
  return log->file >= 0;
}

static void stage (struct log *log, const char *prefix, const char *tag, const char *text, size_t size) {
  char *out = log->staged + log->staged_size;
  memcpy (out, prefix, TAG_AT);
  char *at = put_text (put_text (out + TAG_AT, tag), " ");
  memcpy (at, text, size);
  at[size] = '\n';
  log->staged_size += (uint32_t)(at + size + 1 - out);
}

static void put_prefix (char prefix[PREFIX_SIZE + 1], int stream) {
  put_timestamp (prefix, wall_ns ());
  put_text (prefix + TIMESTAMP_SIZE, stream == 1 ? " stdout " : " stderr ");
}

/* Marks lost bytes before anything else is written. False if the mark cannot be written either. */
static bool mark_lost (struct log *log, int stream) {
  char prefix[PREFIX_SIZE + 1], bytes[24];
  uint64_t *lost = &log->lost[stream - 1];
  if (!*lost)
    return true;
  put_prefix (prefix, stream);
  size_t size = (size_t)(put_number (bytes, *lost) - bytes);
  stage (log, prefix, "F:lost", bytes, size);
  if (!flush (log))
    return false;
  log->marked[stream - 1] += *lost;
  *lost = 0;
  return true;
}

/* `used`: the bytes of output in the entry, including its newline. Those before it may have been lost just now. */
static void put_entry (struct log *log, int stream, const char *prefix, const char *tag, const char *text, size_t size,
                       size_t used) {
  if (!make_room (log, stream, PREFIX_SIZE + size + 1) || !mark_lost (log, stream)) {
    log->lost[stream - 1] += used;
    return;
  }
  stage (log, prefix, tag, text, size);
  log->staged_text += (uint32_t)used;
}

/* Splits at newlines, and lines at MAX_TEXT. */
static void put_lines (struct log *log, int stream, const char *prefix, const char *text, size_t size) {
  while (size > 0) {
    size_t reach = size < MAX_TEXT ? size : MAX_TEXT;
    const char *newline = memchr (text, '\n', reach);
    size_t length = newline ? (size_t)(newline - text) : reach;
    size_t used = length + (newline != NULL);
    put_entry (log, stream, prefix, newline ? "F" : "P", text, length, used);
    text += used;
    size -= used;
  }
}

void log_write (struct log *log, int stream, const struct iovec chunk[2]) {
  char prefix[PREFIX_SIZE + 1];
  if (log->folder < 0)
    return;
  if (!is_ready (log) || !mark_lost (log, 1) || !mark_lost (log, 2)) {
    log->lost[stream - 1] += chunk[0].iov_len + chunk[1].iov_len;
    return;
  }
  put_prefix (prefix, stream);
  put_lines (log, stream, prefix, chunk[0].iov_base, chunk[0].iov_len);
  put_lines (log, stream, prefix, chunk[1].iov_base, chunk[1].iov_len);
  flush_text (log, stream);
}

void log_end (struct log *log) {
  for (int stream = 1; stream <= 2; stream++) {
    if (log->lost[stream - 1] && is_ready (log))
      mark_lost (log, stream);
    log->marked[stream - 1] += log->lost[stream - 1];
    log->lost[stream - 1] = 0;
  }
}

uint64_t log_marked (struct log *log, int stream) {
  uint64_t bytes = log->marked[stream - 1];
  log->marked[stream - 1] = 0;
  return bytes;
}
