#include "contents.h"
#include <stdbool.h>
#include <unistd.h>
#include "archive/holes.h"
#include "base/syscalls.h"

#define BLOCK (256 << 10)

/* The next data of the file as it was when its header was written. */
static int next_of (const struct tar_file *file, off_t at, struct part *part) {
  return next_data (file->fd, at, file->st.st_size, part);
}

static int unreadable (const struct tar_writer *writer, const struct tar_file *file) {
  return problem_errno (writer->sink->problem, file->name, "read");
}

int add_holes (struct tar_writer *writer, const struct tar_file *file) {
  const struct libraries *libraries = writer->sink->libraries;
  struct part part;
  int more = next_of (file, 0, &part);
  if (more < 0)
    return unreadable (writer, file);
  if (more && part.from == 0 && part.end == file->st.st_size)
    return 0;
  if (!more)
    libraries->archive_entry_sparse_add_entry (writer->entry, 0, 0);
  for (; more > 0; more = next_of (file, part.end, &part))
    libraries->archive_entry_sparse_add_entry (writer->entry, part.from, part.end - part.from);
  return more < 0 ? unreadable (writer, file) : 0;
}

static int put (struct tar_writer *writer, const struct tar_file *file, const void *bytes, size_t count) {
  return writer->sink->libraries->archive_write_data (writer->archive, bytes, count) < 0 ? tar_failed (writer, file->name) : 0;
}

/* The holes, which libarchive leaves out. */
static int put_zeros (struct tar_writer *writer, const struct tar_file *file, off_t count) {
  static const uint8_t zeros[BLOCK];
  for (; count > 0; count -= BLOCK)
    if (put (writer, file, zeros, count < BLOCK ? (size_t)count : BLOCK) < 0)
      return -1;
  return 0;
}

/* Advances `from` by what was written. Returns 1, or 0 if the file ends before. */
static int put_part (struct tar_writer *writer, const struct tar_file *file, struct part *part) {
  static uint8_t block[BLOCK];
  while (part->from < part->end) {
    size_t wanted = part->end - part->from < BLOCK ? (size_t)(part->end - part->from) : BLOCK;
    ssize_t count = RETRY (pread (file->fd, block, wanted, part->from));
    if (count < 0)
      return unreadable (writer, file);
    if (count == 0)
      return 0;
    if (put (writer, file, block, (size_t)count) < 0)
      return -1;
    part->from += count;
  }
  return 1;
}

int put_contents (struct tar_writer *writer, const struct tar_file *file) {
  struct part part;
  off_t at = 0;
  int more = 1;
  while (more > 0) {
    more = next_of (file, at, &part);
    if (more < 0)
      return unreadable (writer, file);
    if (more == 0)
      break;
    if (put_zeros (writer, file, part.from - at) < 0 || (more = put_part (writer, file, &part)) < 0)
      return -1;
    at = part.from;
  }
  return put_zeros (writer, file, file->st.st_size - at);
}
