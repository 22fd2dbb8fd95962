#include "list.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive/listing.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/memfd.h"
#include "bytes.h"
#include "report.h"

#define WRITE_AT (64u << 10)

struct list {
  int out;
  bool recursive;
  struct bytes path, waiting;
  struct problem *problem;
};

static int out_of_memory (struct list *list) { return tree_problem (list->problem, "", "Cannot list files: out of memory"); }

static int write_waiting (struct list *list) {
  if (write_all (list->out, list->waiting.data, list->waiting.count) < 0)
    return tree_problem_errno (list->problem, "", "write the list");
  list->waiting.count = 0;
  return 0;
}

static int list_folder (struct list *list, int folder);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path can be */
static int list_below (struct list *list, int parent, const char *name) {
  cleanup_fd int folder = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : tree_problem_errno (list->problem, list->path.data, "read");
  return list_folder (list, folder);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int list_entry (struct list *list, int folder, const char *name) {
  static char line[ENTRY_LINE], target[PATH_MAX];
  struct stat st;
  if (list->path.count >= PATH_MAX)
    return tree_problem (list->problem, list->path.data, "Cannot list '%s': its path is longer than a path can be", name);
  cleanup_fd int node = openat (folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (node < 0 && errno == ENOENT)
    return 0;
  if (node < 0 || fstat (node, &st) < 0 || read_target (node, &st, target) < 0)
    return tree_problem_errno (list->problem, list->path.data, "read");
  const char *end = put_entry (line, list->path.data, &st, target);
  if (bytes_add (&list->waiting, line, (size_t)(end - line)) < 0)
    return out_of_memory (list);
  if (list->waiting.count >= WRITE_AT && write_waiting (list) < 0)
    return -1;
  close_fd (&node);
  return list->recursive && S_ISDIR (st.st_mode) ? list_below (list, folder, name) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int list_folder (struct list *list, int folder) {
  struct listing listing;
  int result = listing_read (&listing, folder) < 0 ? tree_problem_errno (list->problem, list->path.data, "read") : 0;
  if (result == 0 && list->path.count && bytes_add (&list->path, "/", 1) < 0)
    result = out_of_memory (list);
  const size_t length = list->path.count;
  for (size_t i = 0; i < listing.names.count && result == 0; i++) {
    const char *name = listing_name (&listing, i);
    list->path.count = length;
    result = bytes_add (&list->path, name, strlen (name)) < 0 ? out_of_memory (list) : list_entry (list, folder, name);
  }
  listing_free (&listing);
  return result;
}

int list (int root, const char *path, bool recursive, int out, struct problem *problem) {
  static struct list all;
  all.out = out;
  all.recursive = recursive;
  all.problem = problem;
  cleanup_fd int folder = in_root_open (root, path, O_RDONLY | O_DIRECTORY);
  if (folder < 0)
    return tree_problem_errno (problem, path, "read");
  if (bytes_add (&all.path, "", 0) < 0 || bytes_add (&all.waiting, "", 0) < 0)
    return out_of_memory (&all);
  return list_folder (&all, folder) < 0 ? -1 : write_waiting (&all);
}
