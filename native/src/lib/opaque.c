#include <errno.h>
#include <sys/xattr.h>
#include "include/liker.h"

int liker_is_opaque (const char *folder, const char *attribute) {
  char value;
  ssize_t size = lgetxattr (folder, attribute, &value, sizeof value);
  if (size >= 0)
    return size == 1 && value == 'y';
  /* A longer value means something else. */
  return errno == ENODATA || errno == EOPNOTSUPP || errno == ERANGE ? 0 : -errno;
}
