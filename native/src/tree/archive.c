#include "archive.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "base/memfd.h"
#include "base/passing.h"

#define BLOCK 512

/* POSIX.1-2001, pax, "ustar Interchange Format". */
struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, target[100], magic[8], user[32], group[32],
    major[8], minor[8], prefix[155], unused[12];
};
_Static_assert(sizeof (struct header) == BLOCK, "a header is a block");

int archive_out_of_memory (struct archive *archive, const char *name) {
  return tree_problem (archive->problem, name, "Cannot pack '%s': out of memory", name);
}

static int unwritable (struct archive *archive) { return tree_problem_errno (archive->problem, "", "write the archive"); }

int archive_flush (struct archive *archive) {
  size_t waiting = archive->waiting;
  archive->waiting = 0;
  return write_all (archive->out, archive->buffer, waiting) < 0 ? unwritable (archive) : 0;
}

int archive_pass (struct archive *archive, int contents) {
  size_t waiting = archive->waiting;
  archive->waiting = 0;
  return send_with_fd (archive->out, archive->buffer, waiting, contents) < 0 ? unwritable (archive) : 0;
}

int archive_put (struct archive *archive, const void *data, size_t size) {
  const char *from = data;
  archive->bytes += size;
  while (size > 0) {
    size_t room = ARCHIVE_BUFFER - archive->waiting, part = size < room ? size : room;
    memcpy (archive->buffer + archive->waiting, from, part);
    archive->waiting += part;
    from += part;
    size -= part;
    if (archive->waiting == ARCHIVE_BUFFER && archive_flush (archive) < 0)
      return -1;
  }
  return 0;
}

uint64_t archive_padded (uint64_t size) { return (size + BLOCK - 1) / BLOCK * BLOCK; }

int archive_pad (struct archive *archive, uint64_t size) {
  static const char zeros[BLOCK];
  return archive_put (archive, zeros, archive_padded (size) - size);
}

int archive_end (struct archive *archive) {
  static const char zeros[2 * BLOCK];
  return archive_put (archive, zeros, sizeof zeros) < 0 ? -1 : archive_flush (archive);
}

/* "LENGTH KEY=VALUE\n": the length counts its own digits. */
int archive_record (struct archive *archive, const char *key, const void *value, size_t size) {
  char digits[24];
  size_t rest = strlen (key) + size + 3, length = rest + 1;
  while (length < rest + (size_t)snprintf (digits, sizeof digits, "%zu", length))
    length++;
  struct bytes *extra = &archive->extra;
  bool added = bytes_add (extra, digits, strlen (digits)) == 0 && bytes_add (extra, " ", 1) == 0 &&
               bytes_add (extra, key, strlen (key)) == 0 && bytes_add (extra, "=", 1) == 0 &&
               bytes_add (extra, value, size) == 0 && bytes_add (extra, "\n", 1) == 0;
  return added ? 0 : archive_out_of_memory (archive, key);
}

int archive_text (struct archive *archive, const char *key, const char *text) {
  return archive_record (archive, key, text, strlen (text));
}

int archive_number (struct archive *archive, const char *key, uint64_t value) {
  char digits[24];
  snprintf (digits, sizeof digits, "%llu", (unsigned long long)value);
  return archive_text (archive, key, digits);
}

/* Digits of base 8 that fill the field up to its NUL. False if the value has more. */
static bool put_octal (char *field, size_t size, uint64_t value) {
  field[size - 1] = '\0';
  for (size_t i = size - 1; i-- > 0; value /= 8)
    field[i] = (char)('0' + value % 8);
  return value == 0;
}

static bool is_plain (const char *text, size_t room) {
  size_t length = 0;
  for (; text[length]; length++)
    if ((unsigned char)text[length] >= 0x80 || length == room)
      return false;
  return length <= room;
}

/* Cut off where the field ends: then a record has all of it. */
static int put_name (struct archive *archive, char *field, size_t size, const char *text, const char *key) {
  memcpy (field, text, strnlen (text, size));
  return is_plain (text, size) ? 0 : archive_text (archive, key, text);
}

static int put_value (struct archive *archive, char *field, size_t size, uint64_t value, const char *key) {
  return put_octal (field, size, value) ? 0 : archive_number (archive, key, value);
}

/* Times before 1970 and parts of a second are more than the field can hold. */
static int put_time (struct archive *archive, char field[12], const struct timespec *time) {
  char text[48];
  bool fits = time->tv_sec >= 0 && put_octal (field, 12, (uint64_t)time->tv_sec);
  if (!fits)
    put_octal (field, 12, 0);
  if (fits && time->tv_nsec == 0)
    return 0;
  /* Before 1970 the parts of a second still count forwards. */
  long long seconds = time->tv_sec;
  long parts = time->tv_nsec;
  bool negative = seconds < 0 && parts > 0;
  if (negative) {
    seconds++;
    parts = 1000000000 - parts;
  }
  snprintf (text, sizeof text, "%s%lld.%09ld", negative && seconds == 0 ? "-" : "", seconds, parts);
  return archive_text (archive, "mtime", text);
}

static char type_of (const struct entry *entry) {
  if (entry->is_hard_link)
    return '1';
  switch (entry->st->st_mode & S_IFMT) {
    case S_IFLNK: return '2';
    case S_IFCHR: return '3';
    case S_IFBLK: return '4';
    case S_IFDIR: return '5';
    case S_IFIFO: return '6';
    default: return '0';
  }
}

static void seal (struct header *header) {
  memcpy (header->magic, "ustar\00000", 8);
  memset (header->checksum, ' ', sizeof header->checksum);
  unsigned sum = 0;
  for (size_t i = 0; i < BLOCK; i++)
    sum += ((const unsigned char *)header)[i];
  put_octal (header->checksum, 7, sum);
}

static int put_extra (struct archive *archive) {
  struct header header = { .name = "PaxHeaders/entry", .type = 'x' };
  struct bytes *extra = &archive->extra;
  put_octal (header.mode, sizeof header.mode, 0644);
  put_octal (header.uid, sizeof header.uid, 0);
  put_octal (header.gid, sizeof header.gid, 0);
  put_octal (header.mtime, sizeof header.mtime, 0);
  put_octal (header.size, sizeof header.size, extra->count);
  seal (&header);
  if (archive_put (archive, &header, sizeof header) < 0 || archive_put (archive, extra->data, extra->count) < 0 ||
      archive_pad (archive, extra->count) < 0)
    return -1;
  extra->count = 0;
  return 0;
}

int archive_entry (struct archive *archive, const struct entry *entry) {
  const struct stat *st = entry->st;
  struct header header = { .type = type_of (entry) };
  bool is_device = header.type == '3' || header.type == '4';
  put_octal (header.mode, sizeof header.mode, st->st_mode & 07777);
  if (put_name (archive, header.name, sizeof header.name, entry->name, "path") < 0 ||
      (entry->target && put_name (archive, header.target, sizeof header.target, entry->target, "linkpath") < 0) ||
      put_value (archive, header.uid, sizeof header.uid, st->st_uid, "uid") < 0 ||
      put_value (archive, header.gid, sizeof header.gid, st->st_gid, "gid") < 0 ||
      put_value (archive, header.size, sizeof header.size, entry->size, "size") < 0 ||
      put_time (archive, header.mtime, &st->st_mtim) < 0)
    return -1;
  if (is_device && (!put_octal (header.major, sizeof header.major, major (st->st_rdev)) ||
                    !put_octal (header.minor, sizeof header.minor, minor (st->st_rdev))))
    return tree_problem (archive->problem, entry->name, "Cannot pack '%s': tar has no place for its device number", entry->name);
  seal (&header);
  return archive->extra.count > 0 && put_extra (archive) < 0 ? -1 : archive_put (archive, &header, sizeof header);
}
