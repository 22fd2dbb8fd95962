#include "paths.h"

static bool is_clean_part (const char *part, size_t length) {
  return length && !(*part == '.' && (length == 1 || (length == 2 && part[1] == '.')));
}

bool is_clean_path (const char *path, size_t length) {
  if (!length || *path != '/')
    return false;
  for (size_t start = 1, end = 1; length > 1 && end <= length; end++)
    if (end == length || path[end] == '/') {
      if (!is_clean_part (path + start, end - start))
        return false;
      start = end + 1;
    }
  return true;
}
