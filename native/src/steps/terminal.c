/* The container's terminal comes from its own devpts, never from the host (T13). */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "step.h"

#define SLAVE_MAJORS_FIRST 136u
#define SLAVE_MAJORS_LAST 143u

/* Nobody can make or replace a node in a devpts, and RESOLVE_NO_XDEV refuses a mount on top of ptmx. */
static int open_ptmx (struct child *child) {
  struct statfs fs;
  struct stat st;
  cleanup_fd int pts = in_root_open (child->root, "/dev/pts", O_PATH | O_DIRECTORY);
  if (pts < 0 || fstatfs (pts, &fs) < 0)
    return fail (child, "openat2", "/dev/pts");
  if (fs.f_type != DEVPTS_SUPER_MAGIC)
    return fail_with (child, ENODEV, "fstatfs", "/dev/pts");
  cleanup_fd int master = beneath_open (pts, "ptmx", O_RDWR | O_NOCTTY);
  if (master < 0 || fstat (master, &st) < 0)
    return fail (child, "openat2", "/dev/pts/ptmx");
  if (!S_ISCHR (st.st_mode) || st.st_rdev != makedev (5, 2))
    return fail_with (child, ENODEV, "fstat", "/dev/pts/ptmx");
  return steal_fd (&master);
}

/* Opened by way of the master: a name could be swapped (T6). */
static int open_slave (struct child *child, int master) {
  int unlock = 0;
  struct stat st;
  if (ioctl (master, TIOCSWINSZ, &child->launch->size) < 0)
    return fail (child, "ioctl(TIOCSWINSZ)", "/dev/pts/ptmx");
  if (ioctl (master, TIOCSPTLCK, &unlock) < 0)
    return fail (child, "ioctl(TIOCSPTLCK)", "/dev/pts/ptmx");
  cleanup_fd int slave = ioctl (master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0 || fstat (slave, &st) < 0)
    return fail (child, "ioctl(TIOCGPTPEER)", "/dev/pts/ptmx");
  unsigned number = major (st.st_rdev);
  if (!S_ISCHR (st.st_mode) || number < SLAVE_MAJORS_FIRST || number > SLAVE_MAJORS_LAST)
    return fail_with (child, ENODEV, "fstat", "terminal");
  return steal_fd (&slave);
}

static int bind_console (struct child *child, int slave) {
  cleanup_fd int tree = sys_open_tree (slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
  if (tree < 0)
    return fail (child, "open_tree", "terminal");
  cleanup_fd int target = in_root_make (child->root, "/dev/console", IN_ROOT_FILE, 0600);
  if (target < 0)
    return fail (child, "openat", "/dev/console");
  return sys_move_mount (tree, target) < 0 ? fail (child, "move_mount", "/dev/console") : 0;
}

int step_terminal (struct child *child, struct cursor *fields) {
  bool console = read_u32 (fields);
  uint32_t uid = read_u32 (fields);
  uint32_t gid = read_u32 (fields);
  if (unreadable (child, fields) || child_root (child) < 0)
    return -1;
  cleanup_fd int master = open_ptmx (child);
  if (master < 0)
    return -1;
  cleanup_fd int slave = open_slave (child, master);
  if (slave < 0)
    return -1;
  /* FOUND_ID, which is -1, changes nothing: the user is not known yet. */
  if (fchown (slave, uid, gid) < 0)
    return fail (child, "fchown", "terminal");
  if (fchmod (slave, 0620) < 0)
    return fail (child, "fchmod", "terminal");
  if (console && bind_console (child, slave) < 0)
    return -1;
  if (sync_send_master (child->sync, master) < 0)
    return fail (child, "sendmsg", "terminal");
  child->slave = steal_fd (&slave);
  return 0;
}
