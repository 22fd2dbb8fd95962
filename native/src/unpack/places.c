#include "places.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
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
  cleanup_fd int folder = openat (parent, leaf, FOLDER | O_NOFOLLOW);
  struct stat st;
  if (folder < 0 || fstat (folder, &st) < 0)
    return -1;
  places->disk_bytes += (uint64_t)st.st_blocks * 512;
  return steal_fd (&folder);
}

/* The end of the component that begins there. */
static size_t component_end (const char *path, size_t start) { return start + strcspn (path + start, "/"); }

/* The first `end` bytes of the path; all of them are the root's if there are none. */
static int open_part (struct places *places, const char *path, size_t end) {
  char part[PATH_MAX];
  memcpy (part, path, end);
  part[end] = '\0';
  return in_root_open (places->root, end ? part : ".", FOLDER);
}

/*
 * Opens the folder, or the nearest one above it that is there, and says where its path ends. Half of the components that are in
 * question go with each try, since each may be a walk through links, which an archive can make long.
 */
static int open_nearest (struct places *places, const char *path, size_t *end) {
  size_t ends[PATH_MAX / 2 + 1], count = 0;
  for (size_t at = 0;; at = ends[count++] + 1) {
    ends[count] = component_end (path, at);
    if (!path[ends[count]])
      break;
  }
  cleanup_fd int found = -1;
  size_t there = 0, missing = count + 2; /* components; the whole path is tried first */
  for (size_t next = count + 1; missing - there > 1; next = there + (missing - there) / 2) {
    int fd = open_part (places, path, ends[next - 1]);
    if (fd < 0 && errno != ENOENT)
      return -1;
    if (fd < 0)
      missing = next;
    else {
      close_fd (&found);
      found = fd;
      there = next;
    }
  }
  *end = there ? ends[there - 1] : 0;
  return there ? steal_fd (&found) : open_part (places, path, 0);
}

static int open_or_make (struct places *places, const char *wanted) {
  size_t end;
  cleanup_fd int fd = open_nearest (places, wanted, &end);
  while (fd >= 0 && wanted[end]) {
    char path[PATH_MAX];
    end = component_end (wanted, end ? end + 1 : 0);
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
  places->real_is_known = false;
  return places->parent;
}

/* The root of this process is that of the layer: getcwd(2) gives "/a/b". */
static void find_real (struct places *places) {
  char path[PATH_MAX];
  bool is_found = fchdir (places->parent) == 0 && sys_getcwd (path, sizeof path) > 0 && *path == '/';
  /* A link may lead to the root: its name is "." then. */
  strcpy (places->real, !is_found ? "" : path[1] ? path + 1 : ".");
  places->real_is_known = true;
}

bool real_name (struct places *places, int parent, const char *leaf, char out[PATH_MAX]) {
  if (parent == places->root) {
    strcpy (out, leaf);
    return true;
  }
  if (!places->real_is_known)
    find_real (places);
  if (!strcmp (places->real, ".")) {
    strcpy (out, leaf);
    return true;
  }
  if (!*places->real || strlen (places->real) + 1 + strlen (leaf) >= PATH_MAX)
    return false;
  strcpy (stpcpy (stpcpy (out, places->real), "/"), leaf);
  return true;
}
