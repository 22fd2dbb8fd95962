/*
 * Limits of folders by project quotas: each file and folder belongs to a project, which new ones in a folder inherit, and the file system
 * counts and limits the bytes of each project (ext4, xfs).
 */
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "include/liker.h"

#define PROJECTS 2 /* PRJQUOTA of the kernel's include/linux/quota.h */
#define BLOCK 512u
#define FIRST_PROJECT (1u << 24)
#define LAST_PROJECT ((1u << 31) - 1u)
#define TRIES 100

static int quota_call (int folder, unsigned command, uint32_t project, void *value) {
  return (int)syscall (SYS_quotactl_fd, folder, QCMD (command, PROJECTS), project, value);
}

static int open_folder (const char *path) { return open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

static int set_limit (int folder, uint32_t project, uint64_t bytes) {
  struct fs_disk_quota quota = { .d_version = FS_DQUOT_VERSION,
                                 .d_flags = FS_PROJ_QUOTA,
                                 .d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT,
                                 .d_id = project };
  quota.d_blk_hardlimit = quota.d_blk_softlimit = bytes / BLOCK + (bytes % BLOCK != 0);
  return quota_call (folder, Q_XSETQLIM, project, &quota);
}

/* Without it, limits can be set, and have no effect. */
static int require_enforced (int folder) {
  struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
  if (quota_call (folder, Q_XGETQSTATV, 0, &state) < 0)
    return -1;
  if (state.qs_flags & FS_QUOTA_PDQ_ENFD)
    return 0;
  errno = ESRCH;
  return -1;
}

/* 1: nobody has it, 0: somebody has, -1: a failure. */
static int is_free (int folder, uint32_t project) {
  struct fs_disk_quota quota = { 0 };
  if (quota_call (folder, Q_XGETQUOTA, project, &quota) < 0)
    return errno == ENOENT ? 1 : -1;
  return !quota.d_blk_hardlimit && !quota.d_ino_hardlimit && !quota.d_bcount && !quota.d_icount;
}

/* Other engines number their projects from 1 on, or some millions. */
static int choose_project (int folder, uint32_t *project) {
  for (int i = 0; i < TRIES; i++) {
    if (getrandom (project, sizeof *project, 0) != sizeof *project)
      return -1;
    *project = FIRST_PROJECT + *project % (LAST_PROJECT - FIRST_PROJECT);
    int found = is_free (folder, *project);
    if (found != 0)
      return found < 0 ? -1 : 0;
  }
  errno = ENOSPC;
  return -1;
}

static int set_project (int folder, uint32_t project) {
  struct fsxattr attributes;
  if (ioctl (folder, FS_IOC_FSGETXATTR, &attributes) < 0)
    return -1;
  attributes.fsx_projid = project;
  attributes.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
  if (project)
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  return ioctl (folder, FS_IOC_FSSETXATTR, &attributes);
}

static bool is_own (uint32_t project) { return project >= FIRST_PROJECT && project < LAST_PROJECT; }

/* 0 also where the file system has no projects, and for one of somebody else: folders inherit it, such as from --root. */
static uint32_t project_of (int folder) {
  struct fsxattr attributes;
  return ioctl (folder, FS_IOC_FSGETXATTR, &attributes) < 0 || !is_own (attributes.fsx_projid) ? 0 : attributes.fsx_projid;
}

static int limit_folders (const char *paths, size_t count, uint64_t bytes, const char **call) {
  uint32_t project;
  cleanup_fd int first = open_folder (paths);
  *call = "open";
  if (first < 0)
    return -1;
  *call = "quotactl_fd";
  if (require_enforced (first) < 0 || choose_project (first, &project) < 0 || set_limit (first, project, bytes) < 0)
    return -1;
  for (size_t i = 0; i < count; i++, paths += strlen (paths) + 1) {
    cleanup_fd int folder = open_folder (paths);
    *call = folder < 0 ? "open" : "ioctl(FS_IOC_FSSETXATTR)";
    if (folder >= 0 && set_project (folder, project) == 0)
      continue;
    int error = errno;
    set_limit (first, project, 0);
    return failed (error);
  }
  return 0;
}

int liker_limit_folders (const char *paths, size_t count, uint64_t bytes, char *call, size_t size) {
  const char *failing;
  if (limit_folders (paths, count, bytes, &failing) == 0)
    return 0;
  int error = errno;
  strncpy (call, failing, size - 1);
  return -error;
}

int liker_share_limit (const char *from, const char *to) {
  cleanup_fd int limited = open_folder (from);
  if (limited < 0)
    return -errno;
  uint32_t project = project_of (limited);
  if (!project)
    return 0;
  cleanup_fd int folder = open_folder (to);
  return folder < 0 || set_project (folder, project) < 0 ? -errno : 0;
}

int liker_release_limit (const char *path) {
  cleanup_fd int folder = open_folder (path);
  if (folder < 0)
    return errno == ENOENT ? 0 : -errno;
  uint32_t project = project_of (folder);
  if (!project)
    return 0;
  return set_project (folder, 0) < 0 || set_limit (folder, project, 0) < 0 ? -errno : 0;
}
