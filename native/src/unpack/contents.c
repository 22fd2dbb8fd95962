#include "contents.h"
#include <sys/sendfile.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

#define PART (64u << 20)
#define BLOCK (256u << 10)

struct copy {
  struct tree *tree;
  const char *name;
  int from, to;
  ssize_t (*some) (const struct copy *copy, off_t at, size_t count); /* the best way that works for these files */
};

/* Each way copies some of so many bytes. 0 if the file ends before `at`, or -1 and errno, EINVAL if this is not the way. */

/* The file system shares the blocks, or the kernel copies as below. */
static ssize_t by_range (const struct copy *copy, off_t at, size_t count) {
  off_t from = at, to = at;
  ssize_t done = RETRY (copy_file_range (copy->from, &from, copy->to, &to, count, 0));
  /* Some file systems answer 0 for what they cannot copy so. */
  return done == 0 || (done < 0 && (errno == EXDEV || errno == EOPNOTSUPP)) ? failed (EINVAL) : done;
}

/* Each byte is copied once, from page cache to page cache. */
static ssize_t by_kernel (const struct copy *copy, off_t at, size_t count) {
  off_t from = at;
  return lseek (copy->to, at, SEEK_SET) < 0 ? -1 : RETRY (sendfile (copy->to, copy->from, &from, count));
}

static ssize_t by_hand (const struct copy *copy, off_t at, size_t count) {
  static char block[BLOCK];
  ssize_t got = RETRY (pread (copy->from, block, count < BLOCK ? count : BLOCK, at));
  return got <= 0 ? got : RETRY (pwrite (copy->to, block, (size_t)got, at));
}

static ssize_t copy_some (struct copy *copy, off_t at, size_t count) {
  for (;;) {
    ssize_t done = copy->some (copy, at, count < PART ? count : PART);
    if (done >= 0 || errno != EINVAL || copy->some == by_hand)
      return done;
    copy->some = copy->some == by_range ? by_kernel : by_hand;
  }
}

/* The bytes from `at` to `end`, or fewer if the file has become shorter. */
static int copy_data (struct copy *copy, uint64_t at, uint64_t end) {
  while (at < end) {
    ssize_t done = copy_some (copy, (off_t)at, (size_t)(end - at));
    if (done < 0)
      return problem_errno (copy->tree->problem, copy->name, "write");
    if (done == 0)
      return 0;
    at += (uint64_t)done;
  }
  return 0;
}

/*
 * Where the data at `at` or behind it begins, and where the next hole does. False: there are no more. Some file systems know of no holes, and
 * one that is a program, such as a container's, may answer anything.
 */
static bool next_data (int fd, uint64_t *at, uint64_t *hole, uint64_t size) {
  off_t data = lseek (fd, (off_t)*at, SEEK_DATA);
  if (data < 0 && errno == ENXIO)
    return false;
  off_t end = data < 0 ? -1 : lseek (fd, data, SEEK_HOLE);
  if (data >= 0 && (uint64_t)data > *at)
    *at = (uint64_t)data;
  *hole = end < 0 || (uint64_t)end <= *at || (uint64_t)end > size ? size : (uint64_t)end;
  return *at < size;
}

static int copy_contents (struct copy *copy, uint64_t size) {
  uint64_t at = 0, hole;
  while (at < size && next_data (copy->from, &at, &hole, size)) {
    if (copy_data (copy, at, hole) < 0)
      return -1;
    at = hole;
  }
  return ftruncate (copy->to, (off_t)size) < 0 ? problem_errno (copy->tree->problem, copy->name, "write") : 0;
}

int copy_passed (struct tree *tree, int to, const struct entry *entry, const char *name) {
  struct stat st;
  cleanup_fd int from = tar_contents (tree->tar);
  if (from < 0 || fstat (from, &st) < 0 || !S_ISREG (st.st_mode))
    return problem_put (tree->problem, BAD_ARCHIVE, name, "Cannot unpack '%s': its contents have not come", name);
  struct copy copy = { .tree = tree, .name = name, .from = from, .to = to, .some = by_range };
  tree->passed_bytes += entry->size;
  return copy_contents (&copy, entry->size);
}
