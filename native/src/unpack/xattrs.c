#include "xattrs.h"
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include "archive/attribute.h"

/* A file system that has none, or none of this kind, is no reason to do without the image. */
static int set (struct tree *tree, int fd, const char *attribute, const void *value, size_t size, const char *name) {
  if (fsetxattr (fd, attribute, value, size, 0) == 0 || errno == ENOTSUP)
    return 0;
  if (errno == ENOSPC || errno == E2BIG)
    return problem_put (tree->problem, WRITE_FAILED, name,
                        "Cannot set the extended attribute %s of '%s': the file system has no room for its %zu bytes",
                        attribute, name, size);
  return problem_errno (tree->problem, name, "set the extended attributes of");
}

int copy_xattrs (struct tree *tree, int fd, const char *name) {
  const char *attribute;
  const void *value;
  size_t size;
  while (tar_xattr (tree->tar, &attribute, &value, &size))
    if (is_archived_attribute (attribute) && set (tree, fd, attribute, value, size, name) < 0)
      return -1;
  return 0;
}

static int keep (struct tree *tree, const char *attribute, const void *value, size_t size) {
  struct records *texts = &tree->texts;
  return records_add (texts, 1, attribute, strlen (attribute) + 1) == SIZE_MAX ||
             records_add (texts, 1, &size, sizeof size) == SIZE_MAX || records_add (texts, 1, value, size) == SIZE_MAX
           ? -1
           : 0;
}

int keep_xattrs (struct tree *tree, size_t *first, size_t *count) {
  const char *attribute;
  const void *value;
  size_t size;
  *first = tree->texts.count;
  for (*count = 0; tar_xattr (tree->tar, &attribute, &value, &size);) {
    if (!is_archived_attribute (attribute))
      continue;
    if (keep (tree, attribute, value, size) < 0)
      return -1;
    ++*count;
  }
  return 0;
}

int restore_xattrs (struct tree *tree, int fd, size_t first, size_t count, const char *name) {
  const char *at = tree->texts.items + first;
  for (size_t i = 0; i < count; i++) {
    const char *attribute = at;
    size_t size;
    at += strlen (attribute) + 1;
    memcpy (&size, at, sizeof size);
    at += sizeof size;
    if (set (tree, fd, attribute, at, size, name) < 0)
      return -1;
    at += size;
  }
  return 0;
}
