#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../include/liker.h"
#include "../base/cleanup.h"

void liker_make_folders (const char *paths, int32_t *results, size_t count) {
  for (size_t i = 0; i < count; i++, paths += strlen (paths) + 1)
    results[i] = mkdir (paths, 0777) < 0 ? -errno : 0;
}

void liker_remove_folders (const char *paths, int32_t *results, size_t count) {
  for (size_t i = 0; i < count; i++, paths += strlen (paths) + 1)
    results[i] = rmdir (paths) < 0 ? -errno : 0;
}
