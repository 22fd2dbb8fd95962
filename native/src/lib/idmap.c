#include <string.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/userns.h"
#include "include/liker.h"

/* The map is of no matter: the kernel asks whether the namespace is another than that of the file system. */
static int probe (const char *path, const char **call) {
  cleanup_fd int namespace = make_user_namespace ("0 0 1\n", "0 0 1\n", call);
  if (namespace < 0)
    return -1;
  *call = "open_tree";
  cleanup_fd int tree = sys_open_tree (AT_FDCWD, path, OPEN_TREE_CLONE);
  if (tree < 0)
    return -1;
  *call = "mount_setattr";
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)namespace };
  return sys_mount_setattr (tree, AT_EMPTY_PATH, &attr);
}

int liker_probe_idmap (const char *path, char *call, size_t size) {
  const char *failing;
  if (probe (path, &failing) == 0)
    return 0;
  int error = errno;
  strncpy (call, failing, size - 1);
  return -error;
}
