#include "file.h"
#include <fcntl.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "contents.h"
#include "owner.h"
#include "xattrs.h"

/* A mount of a single file cannot be replaced, but it can be written to. */
static bool is_mounted (const struct tree *tree, const struct place *place) {
  struct stat st;
  return tree->is_shared && unlinkat (place->parent, place->leaf, 0) < 0 && errno == EBUSY &&
         fstatat (place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (st.st_mode);
}

/* The umask is 0, but set-user-ID and set-group-ID have to wait for the owner: chown(2) takes them away. */
static int create (struct tree *tree, const struct entry *entry, const struct place *place) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (place->parent, place->leaf, flags, entry->mode & 0777);
  if (fd >= 0 || errno != EEXIST)
    return fd < 0 ? problem_errno (tree->problem, place->name, "create") : fd;
  if (is_mounted (tree, place)) {
    fd = openat (place->parent, place->leaf, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? problem_errno (tree->problem, place->name, "write") : fd;
  }
  if (clear_place (tree, place) < 0)
    return -1;
  fd = openat (place->parent, place->leaf, flags, entry->mode & 0777);
  return fd < 0 ? problem_errno (tree->problem, place->name, "create") : fd;
}

static int write_block (int fd, const char *block, size_t count, uint64_t offset) {
  while (count > 0) {
    ssize_t written = RETRY (pwrite (fd, block, count, (off_t)offset));
    if (written < 0)
      return -1;
    block += written;
    count -= (size_t)written;
    offset += (uint64_t)written;
  }
  return 0;
}

/* So much of a file is on its way to the disk before more is written: the syncfs(2) at the end of a layer has less to wait for. */
#define WRITE_BACK (4u << 20)

static void write_back (int fd, uint64_t *from, uint64_t end) {
  if (end - *from < WRITE_BACK)
    return;
  /* Whoever needs the file on the disk calls syncfs(2), which tells errors. */
  sync_file_range (fd, (off_t)*from, (off_t)(end - *from), SYNC_FILE_RANGE_WRITE);
  *from = end;
}

/* What is between the blocks, and after the last, stays a hole. */
static int write_data (struct tree *tree, int fd, const struct entry *entry, const struct place *place) {
  struct tar_block block;
  char recorded[PATH_MAX];
  struct recorder *recorder = real_name (&tree->places, place->parent, place->leaf, recorded) ? tree->tar->recorder : NULL;
  const char *name = place->name;
  uint64_t end = 0, written_back = 0;
  int more;
  while ((more = tar_data (tree->tar, name, &block)) > 0) {
    if (write_block (fd, block.bytes, block.count, block.offset) < 0)
      return problem_errno (tree->problem, name, "write");
    if (recorder_contents (recorder, recorded, block.position, block.offset, block.count) < 0)
      return -1;
    if (block.count > 0)
      end = block.offset + block.count;
    /* Of a layer: archives of images, of which the layers are read, soon go. */
    if (tree->marker)
      write_back (fd, &written_back, end);
  }
  if (more == 0 && end < entry->size && ftruncate (fd, (off_t)entry->size) < 0)
    return problem_errno (tree->problem, name, "write");
  return more;
}

/* The owner before the mode and the capabilities, which chown(2) takes away; the time last. */
static int set_metadata (struct tree *tree, int fd, const struct entry *entry, const char *name) {
  struct stat st;
  const struct timespec times[2] = { entry->mtime, entry->mtime };
  if (fstat (fd, &st) < 0)
    return problem_errno (tree->problem, name, "stat");
  tree->disk_bytes += (uint64_t)st.st_blocks * 512;
  if ((st.st_uid != entry->uid || st.st_gid != entry->gid) && fchown (fd, entry->uid, entry->gid) < 0)
    return owner_refused (tree->problem, name, entry->uid, entry->gid);
  if ((st.st_mode & 07777) != entry->mode && fchmod (fd, entry->mode) < 0)
    return problem_errno (tree->problem, name, "set the mode of");
  if (copy_xattrs (tree, fd, name) < 0)
    return -1;
  return futimens (fd, times) < 0 ? problem_errno (tree->problem, name, "set the time of") : 0;
}

int add_file (struct tree *tree, const struct entry *entry, const struct place *place) {
  cleanup_fd int fd = create (tree, entry, place);
  if (fd < 0 || (entry->is_passed ? copy_passed (tree, fd, entry, place->name) : write_data (tree, fd, entry, place)) < 0 || set_metadata (tree, fd, entry, place->name) < 0)
    return -1;
  /* Only some network file systems tell an error here. */
  return close (steal_fd (&fd)) < 0 ? problem_errno (tree->problem, place->name, "write") : 0;
}
