/*
 * Paths inside a root of the container, whose links it has made: openat2, and the walk in its place.
 * Input: u8 n, n bytes of the path, answers of the kernel.
 */
#include "base/walk.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/in_root.h"
#include "kernel.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  char *path = calloc (1, data[0] + 1u);
  memcpy (path, data + 1, data[0]);
  const char *leaf = path;
  kernel_begin (data + 1 + data[0], size - 1 - data[0]);
  int root = kernel_fd (), found = -1;
  switch (draw () % 6) {
  case 0:
    found = in_root_walk (root, path, O_PATH);
    break;
  case 1:
    found = in_root_walk (root, path, O_RDONLY);
    break;
  case 2:
    found = in_root_walk_make (root, path, draw () & 1 ? IN_ROOT_FILE : IN_ROOT_DIRECTORY, 0700);
    break;
  case 3:
    found = in_root_open (root, path, O_PATH | O_NOFOLLOW);
    break;
  case 4:
    found = in_root_parent (root, path, &leaf);
    require (found < 0 || (*leaf && leaf >= path && leaf < path + strlen (path)), "a leaf is the end of the path");
    break;
  case 5:
    found = beneath_open (root, path, O_RDONLY);
    break;
  }
  require (kernel_fds_open () == 1u + (found >= 0), "only what was found is open");
  free (path);
  return 0;
}
