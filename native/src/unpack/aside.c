#include "aside.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/remove_tree.h"
#include "base/text.h"

static int make (struct aside *aside, int root) {
  uint64_t random[2];
  if (getrandom (random, sizeof random, 0) != sizeof random)
    return -1;
  sprintf (aside->name, ".liker-%016llx%016llx", (unsigned long long)random[0], (unsigned long long)random[1]);
  if (mkdirat (root, aside->name, 0700) < 0)
    return -1;
  aside->folder = openat (root, aside->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return aside->folder < 0 ? -1 : 0;
}

int aside_take (struct aside *aside, int root, int parent, const char *leaf, uint64_t *number) {
  char name[24];
  if (aside->folder <= 0 && make (aside, root) < 0)
    return -1;
  *number = aside->count++;
  put_number (name, *number);
  return renameat (parent, leaf, aside->folder, name);
}

int aside_remove (struct aside *aside, int root) {
  if (aside->folder <= 0)
    return 0;
  int error = -remove_tree_at (root, aside->name);
  return error ? failed (error) : 0;
}
