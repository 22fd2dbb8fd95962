#include "content.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include "archive/attribute.h"
#include "base/syscalls.h"

/* Less than that is copied with the headers around it, which is quicker. */
#define LARGE (64u << 10)
#define PART (1u << 20)

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

/* The reader copies them, and with them only what is no hole. In the archive the file is empty, and an attribute has its size. */
static int pass (struct archive *archive, int fd, const struct stat *st, const char *name) {
  char size[24];
  snprintf (size, sizeof size, "%llu", (unsigned long long)st->st_size);
  if (archive_record (archive, "SCHILY.xattr." PASSED_CONTENTS, size, strlen (size)) < 0 ||
      archive_entry (archive, &(struct entry){ .name = name, .st = st }) < 0 || archive_pass (archive, fd) < 0)
    return -1;
  archive->bytes += (uint64_t)st->st_size;
  return 0;
}

int pack_content (struct archive *archive, int fd, const struct stat *st, const char *name) {
  uint64_t size = (uint64_t)st->st_size;
  if (archive->passes && size >= LARGE)
    return pass (archive, fd, st, name);
  if (archive_entry (archive, &(struct entry){ .name = name, .st = st, .size = size }) < 0)
    return -1;
  int copied = size < LARGE ? copy_small (archive, fd, size, name) : copy_large (archive, fd, size, name);
  return copied < 0 ? -1 : archive_pad (archive, size);
}
