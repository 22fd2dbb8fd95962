/* in-root open|walk|walk-read|walk-make-file|make-directory|make-file ROOT PATH: prints the path found, or the errno. */
#include "base/in_root.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int act (const char *verb, int root, const char *path) {
  if (!strcmp (verb, "open"))
    return in_root_open (root, path, O_PATH);
  if (!strcmp (verb, "walk"))
    return in_root_walk (root, path, O_PATH);
  if (!strcmp (verb, "walk-read"))
    return in_root_walk (root, path, O_RDONLY);
  if (!strcmp (verb, "walk-make-file"))
    return in_root_walk_make (root, path, IN_ROOT_FILE, 0644);
  return in_root_make (root, path, strcmp (verb, "make-file") ? IN_ROOT_DIRECTORY : IN_ROOT_FILE, 0755);
}

int main (int argc, char **argv) {
  if (argc != 4)
    return 2;
  int root = open (argv[2], O_PATH | O_DIRECTORY);
  int fd = act (argv[1], root, argv[3]);
  if (fd < 0) {
    puts (strerrorname_np (errno));
    return 0;
  }
  char link[64], path[PATH_MAX];
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink (link, path, sizeof path);
  printf ("%.*s\n", (int)length, path);
  return 0;
}
