#include "xattrs.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include "archive/attribute.h"

/* The kernel's limits of a list, of a value and of a name (xattr(7)). */
#define MOST_BYTES 65536
#define MOST_NAME 255

static int record (struct archive *archive, int fd, const char *attribute, const char *name) {
  static char value[MOST_BYTES];
  char key[sizeof "SCHILY.xattr." + MOST_NAME];
  ssize_t size = fgetxattr (fd, attribute, value, sizeof value);
  if (size < 0)
    return errno == ENODATA || errno == ENOTSUP ? 0 : tree_problem_errno (archive->problem, name, "read the extended attributes of");
  snprintf (key, sizeof key, "SCHILY.xattr.%s", attribute);
  return archive_record (archive, key, value, (size_t)size);
}

int record_xattrs (struct archive *archive, int fd, const char *name) {
  static char list[MOST_BYTES];
  ssize_t size = flistxattr (fd, list, sizeof list);
  if (size < 0)
    return errno == ENOTSUP ? 0 : tree_problem_errno (archive->problem, name, "read the extended attributes of");
  for (const char *at = list; at < list + size; at += strlen (at) + 1)
    if (is_archived_attribute (at) && record (archive, fd, at, name) < 0)
      return -1;
  return 0;
}
