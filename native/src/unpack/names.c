#include "names.h"
#include <string.h>

#define WHITEOUT ".wh."
#define AUFS ".wh..wh."
#define OPAQUE ".wh..wh..opq"

/* Without the last component and the slash before it. */
static char *drop_last (const char *start, char *end) {
  while (end > start && end[-1] != '/')
    end--;
  return end > start ? end - 1 : end;
}

bool clean_name (char out[PATH_MAX], const char *name) {
  char *end = out;
  for (;;) {
    name += strspn (name, "/");
    size_t length = strcspn (name, "/");
    if (length == 0)
      break;
    if (length == 2 && !strncmp (name, "..", 2))
      end = drop_last (out, end);
    else if (length != 1 || *name != '.') {
      if ((size_t)(end - out) + 1 + length >= PATH_MAX)
        return false;
      if (end > out)
        *end++ = '/';
      end = (char *)memcpy (end, name, length) + length;
    }
    name += length;
  }
  *end = '\0';
  return true;
}

const char *leaf_of (const char *clean) {
  const char *slash = strrchr (clean, '/');
  return slash ? slash + 1 : clean;
}

static bool begins_with (const char *text, const char *prefix) {
  return !strncmp (text, prefix, strlen (prefix));
}

/* Below a folder with a reserved name, or such a name itself. */
static bool is_of_aufs (const char *clean) {
  for (const char *at = clean; at; at = strchr (at, '/'), at = at ? at + 1 : NULL)
    if (begins_with (at, AUFS))
      return true;
  return false;
}

enum name_kind name_kind (const char *clean) {
  const char *leaf = leaf_of (clean);
  if (!strcmp (leaf, OPAQUE))
    return NAME_OPAQUE;
  if (is_of_aufs (clean))
    return NAME_IGNORED;
  if (!begins_with (leaf, WHITEOUT))
    return NAME_PLAIN;
  const char *removed = leaf + strlen (WHITEOUT);
  return !*removed || !strcmp (removed, ".") || !strcmp (removed, "..") ? NAME_BAD : NAME_WHITEOUT;
}

void name_target (char *clean) {
  char *leaf = clean + (leaf_of (clean) - clean);
  if (!strcmp (leaf, OPAQUE))
    *drop_last (clean, leaf + strlen (leaf)) = '\0';
  else
    memmove (leaf, leaf + strlen (WHITEOUT), strlen (leaf) - strlen (WHITEOUT) + 1);
}
