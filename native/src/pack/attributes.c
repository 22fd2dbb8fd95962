#include "attributes.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include "archive/attribute.h"
#include "base/cleanup.h"

/* Of a value, and of the list of names (listxattr(2)). */
#define LONGEST (64 << 10)

int has_attribute (int fd, const char *name) {
  if (fgetxattr (fd, name, NULL, 0) >= 0)
    return 1;
  return errno == ENODATA || errno == ENOTSUP ? 0 : -1;
}

static int by_text (const void *one, const void *other) { return strcmp (*(char *const *)one, *(char *const *)other); }

static int add (struct tar_writer *writer, const struct tar_file *file, const char *name) {
  static char value[LONGEST];
  ssize_t size = fgetxattr (file->fd, name, value, sizeof value);
  if (size < 0)
    return errno == ENODATA ? 0 : problem_errno (writer->sink->problem, file->name, "read the extended attributes of");
  writer->sink->libraries->archive_entry_xattr_add_entry (writer->entry, name, value, (size_t)size);
  return 0;
}

/* libarchive writes the last one first. */
static int add_sorted (struct tar_writer *writer, const struct tar_file *file, char **names, size_t count) {
  qsort (names, count, sizeof *names, by_text);
  while (count-- > 0)
    if (add (writer, file, names[count]) < 0)
      return -1;
  return 0;
}

int add_attributes (struct tar_writer *writer, const struct tar_file *file) {
  char list[LONGEST];
  ssize_t length = flistxattr (file->fd, list, sizeof list);
  if (length < 0)
    return errno == ENOTSUP ? 0 : problem_errno (writer->sink->problem, file->name, "list the extended attributes of");
  if (length == 0)
    return 0;
  /* Each has a byte, and a NUL. */
  cleanup_free char **names = calloc ((size_t)length / 2, sizeof *names);
  size_t count = 0;
  if (!names)
    return problem_errno (writer->sink->problem, file->name, "list the extended attributes of");
  for (char *at = list; at < list + length; at += strlen (at) + 1)
    if (is_archived_attribute (at))
      names[count++] = at;
  return add_sorted (writer, file, names, count);
}
