#include "attribute.h"
#include <string.h>

static bool begins_with (const char *text, const char *prefix) { return !strncmp (text, prefix, strlen (prefix)); }

bool is_archived_attribute (const char *name) {
  return !strcmp (name, "security.capability") || begins_with (name, "system.posix_acl_") ||
         (begins_with (name, "user.") && !begins_with (name, "user.overlay."));
}
