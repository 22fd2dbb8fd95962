#include "attribute.h"
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

static bool begins_with (const char *text, const char *prefix) { return !strncmp (text, prefix, strlen (prefix)); }

bool is_archived_attribute (const char *name) {
  return !strcmp (name, "security.capability") || begins_with (name, "system.posix_acl_") ||
         (begins_with (name, "user.") && !begins_with (name, "user.overlay."));
}

int attribute_is (int fd, const char *name, char value) {
  char found;
  ssize_t size = fgetxattr (fd, name, &found, 1);
  if (size >= 0)
    return size == 1 && found == value;
  /* ERANGE: its value is longer. */
  return errno == ENODATA || errno == ENOTSUP || errno == ERANGE ? 0 : -1;
}
