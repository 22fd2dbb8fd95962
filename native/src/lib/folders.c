#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "include/liker.h"

/* The processes of a cgroup must be able to read its limits, whatever the umask. */
static int make (const char *path) {
  if (mkdir (path, 0755) < 0)
    return -1;
  if (chmod (path, 0755) == 0)
    return 0;
  int error = errno;
  rmdir (path);
  return failed (error);
}

void liker_make_folders (const char *paths, int32_t *results, size_t count) {
  for (size_t i = 0; i < count; i++, paths += strlen (paths) + 1)
    results[i] = make (paths) < 0 ? -errno : 0;
}

void liker_remove_folders (const char *paths, int32_t *results, size_t count) {
  for (size_t i = 0; i < count; i++, paths += strlen (paths) + 1)
    results[i] = rmdir (paths) < 0 ? -errno : 0;
}
