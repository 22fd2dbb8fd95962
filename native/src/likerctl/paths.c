#include "paths.h"
#include <string.h>

static bool is_clean_part (const char *part, size_t length) {
  return length && !(*part == '.' && (length == 1 || (length == 2 && part[1] == '.')));
}

bool is_clean_path (const char *path) {
  if (*path != '/')
    return false;
  if (!path[1])
    return true;
  for (const char *part = path + 1;; part++) {
    size_t length = strcspn (part, "/");
    if (!is_clean_part (part, length))
      return false;
    part += length;
    if (!*part)
      return true;
  }
}
