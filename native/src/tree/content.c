#include "content.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include "archive/attribute.h"
#include "archive/holes.h"
#include "archive/records.h"
#include "base/syscalls.h"

/* Less than that is copied with the headers around it, which is quicker. */
#define LARGE (64u << 10)
#define PART (1u << 20)
/* Maps of up to a mebibyte, which is the most that readers written in Go take. */
#define MOST_PARTS 20000

static int put_zeros (struct archive *archive, uint64_t count) {
  static const char zeros[4096];
  while (count > 0) {
    size_t part = count < sizeof zeros ? (size_t)count : sizeof zeros;
    if (archive_put (archive, zeros, part) < 0)
      return -1;
    count -= part;
  }
  return 0;
}

static int unreadable (struct archive *archive, const char *name) { return tree_problem_errno (archive->problem, name, "read"); }

static int copy_small (struct archive *archive, int fd, uint64_t count, const char *name) {
  static char block[LARGE];
  while (count > 0) {
    ssize_t got = RETRY (read (fd, block, count < sizeof block ? (size_t)count : sizeof block));
    if (got < 0)
      return unreadable (archive, name);
    if (got == 0)
      return put_zeros (archive, count);
    if (archive_put (archive, block, (size_t)got) < 0)
      return -1;
    count -= (uint64_t)got;
  }
  return 0;
}

/* From the page cache to the reader, without a copy in between. Some file systems cannot. */
static int copy_large (struct archive *archive, int fd, uint64_t count, const char *name) {
  if (archive_flush (archive) < 0)
    return -1;
  while (count > 0) {
    ssize_t sent = RETRY (sendfile (archive->out, fd, NULL, count < PART ? (size_t)count : PART));
    if (sent < 0 && errno == EINVAL)
      return copy_small (archive, fd, count, name);
    if (sent < 0)
      return unreadable (archive, name);
    if (sent == 0)
      return put_zeros (archive, count);
    archive->bytes += (uint64_t)sent;
    count -= (uint64_t)sent;
  }
  return 0;
}

static int copy (struct archive *archive, int fd, uint64_t count, const char *name) {
  return count < LARGE ? copy_small (archive, fd, count, name) : copy_large (archive, fd, count, name);
}

/* The reader copies them, and with them only what is no hole. In the archive the file is empty, and an attribute has its size. */
static int pass (struct archive *archive, int fd, const struct stat *st, const char *name) {
  if (archive_number (archive, "SCHILY.xattr." PASSED_CONTENTS, (uint64_t)st->st_size) < 0 ||
      archive_entry (archive, &(struct entry){ .name = name, .st = st }) < 0 || archive_pass (archive, fd) < 0)
    return -1;
  archive->bytes += (uint64_t)st->st_size;
  return 0;
}

/* A sparse file, and what of it is in the archive: its data, after a map that says where they belong. */
struct sparse {
  struct records parts; /* of struct part */
  struct bytes map;
  uint64_t stored;
};

/* 1, 0 if the file has no holes, or more than a map can hold, or -1. */
static int find_parts (struct archive *archive, int fd, const struct stat *st, const char *name, struct sparse *sparse) {
  struct part part = { 0, 0 };
  int more;
  while ((more = next_data (fd, part.end, st->st_size, &part)) > 0) {
    if (part.from == 0 && part.end == st->st_size)
      return 0;
    if (sparse->parts.count == MOST_PARTS)
      return 0;
    if (records_add (&sparse->parts, sizeof part, &part, 1) == SIZE_MAX)
      return archive_out_of_memory (archive, name);
    sparse->stored += (uint64_t)(part.end - part.from);
  }
  if (more < 0)
    return unreadable (archive, name);
  /* As GNU tar has it: a part without bytes where a hole ends the file. */
  const struct part end = { st->st_size, st->st_size };
  bool is_told = part.end == st->st_size;
  return !is_told && records_add (&sparse->parts, sizeof end, &end, 1) == SIZE_MAX ? archive_out_of_memory (archive, name) : 1;
}

static int add_number (struct bytes *map, uint64_t number) {
  char line[24];
  return bytes_add (map, line, (size_t)snprintf (line, sizeof line, "%llu\n", (unsigned long long)number));
}

/* Lines: the number of parts, then where each begins and how many bytes it has. */
static int make_map (struct sparse *sparse) {
  const struct part *parts = (const struct part *)sparse->parts.items;
  int result = add_number (&sparse->map, sparse->parts.count);
  for (size_t i = 0; parts && i < sparse->parts.count && result == 0; i++)
    if (add_number (&sparse->map, (uint64_t)parts[i].from) < 0 || add_number (&sparse->map, (uint64_t)(parts[i].end - parts[i].from)) < 0)
      result = -1;
  return result;
}

/* GNU.sparse 1.0 ("PAX Format, Version 1.0" in the manual of GNU tar). Who does not know it gets the map and the data, under another name. */
static int put_sparse_headers (struct archive *archive, const struct stat *st, const char *name, const struct sparse *sparse) {
  char unknown[48];
  snprintf (unknown, sizeof unknown, "GNUSparseFile.0/%llu", (unsigned long long)archive->bytes);
  if (archive_number (archive, "GNU.sparse.major", 1) < 0 || archive_number (archive, "GNU.sparse.minor", 0) < 0 ||
      archive_text (archive, "GNU.sparse.name", name) < 0 || archive_number (archive, "GNU.sparse.realsize", (uint64_t)st->st_size) < 0)
    return -1;
  uint64_t size = archive_padded (sparse->map.count) + sparse->stored;
  return archive_entry (archive, &(struct entry){ .name = unknown, .st = st, .size = size });
}

static int put_sparse (struct archive *archive, int fd, const struct stat *st, const char *name, struct sparse *sparse) {
  if (make_map (sparse) < 0)
    return archive_out_of_memory (archive, name);
  if (put_sparse_headers (archive, st, name, sparse) < 0 || archive_put (archive, sparse->map.data, sparse->map.count) < 0 ||
      archive_pad (archive, sparse->map.count) < 0)
    return -1;
  const struct part *parts = (const struct part *)sparse->parts.items;
  for (size_t i = 0; i < sparse->parts.count; i++) {
    if (lseek (fd, parts[i].from, SEEK_SET) < 0)
      return unreadable (archive, name);
    if (copy (archive, fd, (uint64_t)(parts[i].end - parts[i].from), name) < 0)
      return -1;
  }
  return archive_pad (archive, sparse->stored);
}

static int put_whole (struct archive *archive, int fd, const struct stat *st, const char *name) {
  uint64_t size = (uint64_t)st->st_size;
  if (archive_entry (archive, &(struct entry){ .name = name, .st = st, .size = size }) < 0)
    return -1;
  return copy (archive, fd, size, name) < 0 ? -1 : archive_pad (archive, size);
}

int pack_content (struct archive *archive, int fd, const struct stat *st, const char *name) {
  uint64_t size = (uint64_t)st->st_size;
  struct sparse sparse = { .stored = 0 };
  if (archive->passes && size >= LARGE)
    return pass (archive, fd, st, name);
  bool may_have_holes = size >= LARGE && (uint64_t)st->st_blocks * 512 < size;
  int result = may_have_holes ? find_parts (archive, fd, st, name, &sparse) : 0;
  if (may_have_holes && result == 0 && lseek (fd, 0, SEEK_SET) < 0)
    result = unreadable (archive, name);
  if (result >= 0)
    result = result ? put_sparse (archive, fd, st, name, &sparse) : put_whole (archive, fd, st, name);
  free (sparse.parts.items);
  free (sparse.map.data);
  return result;
}
