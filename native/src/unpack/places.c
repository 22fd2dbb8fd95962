#include "places.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "names.h"

#define FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* The fd is still lent. */
void places_forget (struct places *places) { places->path[0] = '\0'; }

/* Makes `path`, whose parent is there. A link that leads nowhere gets its target. */
static int make_folder (struct places *places, int parent, const char *path) {
  const char *leaf = leaf_of (path);
  if (mkdirat (parent, leaf, 0755) < 0)
    return errno == EEXIST ? in_root_make (places->root, path, IN_ROOT_DIRECTORY, 0755) : -1;
  places->made++;
  return openat (parent, leaf, FOLDER | O_NOFOLLOW);
}

/* Opens the folder, or the nearest one above it that is there, whose path is then the first `*end` bytes. */
static int open_nearest (struct places *places, char *path, size_t *end) {
  for (;;) {
    int fd = in_root_open (places->root, *end ? path : ".", FOLDER);
    if (fd >= 0 || errno != ENOENT || *end == 0)
      return fd;
    while (*end > 0 && path[*end] != '/')
      --*end;
    path[*end] = '\0';
  }
}

static int open_or_make (struct places *places, const char *wanted) {
  char path[PATH_MAX];
  strcpy (path, wanted);
  size_t end = strlen (path);
  cleanup_fd int fd = open_nearest (places, path, &end);
  while (fd >= 0 && wanted[end]) {
    end += (size_t)(wanted[end] == '/');
    end += strcspn (wanted + end, "/");
    memcpy (path, wanted, end);
    path[end] = '\0';
    int next = make_folder (places, fd, path);
    close_fd (&fd);
    fd = next;
  }
  return steal_fd (&fd);
}

int place_of (struct places *places, const char *name, const char **leaf) {
  *leaf = leaf_of (name);
  if (*leaf == name)
    return places->root;
  size_t length = (size_t)(*leaf - name) - 1;
  if (places->parent >= 0 && !strncmp (places->path, name, length) && !places->path[length])
    return places->parent;
  close_fd (&places->parent);
  memcpy (places->path, name, length);
  places->path[length] = '\0';
  places->parent = open_or_make (places, places->path);
  return places->parent;
}
