#include "tar.h"
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "archive/attribute.h"
#include "base/cleanup.h"

/*
 * Some makers leave out the two blocks of zeros at the end, and the padding of the last file (umoci insert). The reader gets them
 * after the end of the stream: what rounds any length up to a block, and two blocks more.
 */
#define TAIL 1536
static const uint8_t zeros[TAIL];

/* What the reader is done with, in bytes of the archive: all that comes before what it may still give out. */
static uint64_t position_of (const struct tar *tar) {
  int64_t position = tar->libraries->archive_filter_bytes (tar->archive, 0);
  return position > 0 ? (uint64_t)position : 0;
}

static ssize_t next_block (struct tar *tar, uint64_t done, const void **block) {
  if (recorder_release (tar->recorder, done) < 0)
    return -1;
  ssize_t count = tar->read (tar->from, block);
  if (count > 0) {
    recorder_lend (tar->recorder, *block, (size_t)count);
    tar->count += (uint64_t)count;
  }
  return count;
}

/* liker-tree writes the end of the archive: without it, it has died, or its container was killed. */
static int broke_off (struct tar *tar) {
  errno = EPIPE;
  return problem_errno (tar->problem, "", "read the archive to its end");
}

static ssize_t feed (struct archive *archive, void *data, const void **block) {
  (void)archive;
  struct tar *tar = data;
  ssize_t count = next_block (tar, position_of (tar), block);
  if (count == 0 && tar->passed)
    return broke_off (tar);
  if (count != 0 || tar->tail)
    return count;
  *block = zeros;
  tar->tail = TAIL - tar->count % 512;
  return (ssize_t)tar->tail;
}

int tar_begin (struct tar *tar) {
  const struct libraries *libraries = tar->libraries;
  tar->archive = libraries->archive_read_new ();
  tar->entry = libraries->archive_entry_new ();
  if (!tar->archive || !tar->entry)
    return problem_put (tar->problem, WRITE_FAILED, "", "Cannot read the layer: out of memory");
  if (libraries->archive_read_set_format (tar->archive, ARCHIVE_FORMAT_TAR) != ARCHIVE_OK ||
      libraries->archive_read_open (tar->archive, tar, NULL, feed, NULL) != ARCHIVE_OK)
    return problem_put (tar->problem, BAD_ARCHIVE, "", "Cannot read the layer as a tar archive: %s",
                        libraries->archive_error_string (tar->archive));
  return 0;
}

static int bad_entry (struct tar *tar, const char *name) {
  const char *why = tar->libraries->archive_error_string (tar->archive);
  return problem_put (tar->problem, BAD_ARCHIVE, name, "Cannot read the layer as a tar archive, %s '%s': %s",
                      *name ? "in" : "after the last entry", name, why ? why : "it is damaged");
}

/* The kernel takes 2^32 - 1 for "as it is". */
static int read_id (struct tar *tar, const char *name, const char *what, int64_t value, uint32_t *id) {
  if (value < 0 || value >= UINT32_MAX)
    return problem_put (tar->problem, BAD_ARCHIVE, name, "Cannot unpack '%s': it has the %s %lld", name, what,
                        (long long)value);
  *id = (uint32_t)value;
  return 0;
}

static bool read_digits (const char *digits, size_t count, uint64_t *number) {
  *number = 0;
  for (size_t i = 0; i < count; i++) {
    if (digits[i] < '0' || digits[i] > '9' || *number >= (INT64_MAX - 9) / 10)
      return false;
    *number = *number * 10 + (uint64_t)(digits[i] - '0');
  }
  return count > 0;
}

/* The size of what is passed. */
static int read_passed (struct tar *tar, struct entry *entry) {
  const char *name;
  const void *value;
  size_t size;
  while (tar->passed && tar_xattr (tar, &name, &value, &size)) {
    if (strcmp (name, PASSED_CONTENTS) != 0)
      continue;
    entry->is_passed = true;
    if (!read_digits (value, size, &entry->size))
      return problem_put (tar->problem, BAD_ARCHIVE, entry->name, "Cannot unpack '%s': the size of its contents is damaged", entry->name);
  }
  tar->libraries->archive_entry_xattr_reset (tar->entry);
  return 0;
}

static int read_entry (struct tar *tar, struct entry *entry) {
  const struct libraries *libraries = tar->libraries;
  struct archive_entry *from = tar->entry;
  const char *hard_link = libraries->archive_entry_hardlink (from);
  mode_t mode = libraries->archive_entry_mode (from);
  int64_t size = libraries->archive_entry_size (from);
  libraries->archive_entry_xattr_reset (from);
  *entry = (struct entry){
    .name = libraries->archive_entry_pathname (from),
    .target = hard_link ? hard_link : libraries->archive_entry_symlink (from),
    .is_hard_link = hard_link,
    .type = mode & S_IFMT,
    .mode = mode & 07777,
    .device = makedev (libraries->archive_entry_rdevmajor (from), libraries->archive_entry_rdevminor (from)),
    .size = size > 0 ? (uint64_t)size : 0,
    .mtime = { libraries->archive_entry_mtime (from), libraries->archive_entry_mtime_nsec (from) },
  };
  if (!entry->name)
    return problem_put (tar->problem, BAD_ARCHIVE, "",
                        "Cannot unpack the layer: it is not a tar archive, or it is damaged: one of its entries has no name");
  if (read_passed (tar, entry) < 0)
    return -1;
  if (read_id (tar, entry->name, "uid", libraries->archive_entry_uid (from), &entry->uid) < 0)
    return -1;
  return read_id (tar, entry->name, "gid", libraries->archive_entry_gid (from), &entry->gid);
}

int tar_next (struct tar *tar, struct entry *entry) {
  int result = tar->libraries->archive_read_next_header2 (tar->archive, tar->entry);
  if (result == ARCHIVE_EOF)
    return 0;
  if (result < ARCHIVE_WARN)
    return bad_entry (tar, "");
  return read_entry (tar, entry) < 0 ? -1 : 1;
}

int tar_data (struct tar *tar, const char *name, struct tar_block *block) {
  int64_t offset = 0;
  int result = tar->libraries->archive_read_data_block (tar->archive, &block->bytes, &block->count, &offset);
  if (result < ARCHIVE_WARN && result != ARCHIVE_EOF)
    return bad_entry (tar, name);
  /* No byte of a file may come from the zeros that were added at the end. This block counts as read with the next call. */
  block->position = position_of (tar);
  if (result != ARCHIVE_EOF && block->position + block->count > tar->count)
    return problem_put (tar->problem, BAD_ARCHIVE, name, "Cannot unpack '%s': the archive ends in the middle of it", name);
  block->offset = (uint64_t)offset;
  return result != ARCHIVE_EOF;
}

int tar_contents (struct tar *tar) { return steal_fd (tar->passed); }

bool tar_xattr (struct tar *tar, const char **name, const void **value, size_t *size) {
  return tar->libraries->archive_entry_xattr_next (tar->entry, name, value, size) == ARCHIVE_OK;
}

int tar_end (struct tar *tar) {
  const void *block;
  ssize_t count;
  while ((count = next_block (tar, tar->count, &block)) > 0)
    ;
  return count < 0 ? -1 : recorder_end (tar->recorder);
}
