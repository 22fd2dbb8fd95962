#include "rebuild.h"
#include <fcntl.h>
#include <sys/stat.h>
#include "archive/recipe_reader.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"

#define CONTENTS_BLOCK (256 << 10)

struct rebuilding {
  struct sink *sink;
  struct recipe_reader reader;
  int folder;
  uint8_t block[CONTENTS_BLOCK];
};

static int put_bytes (struct rebuilding *it, uint64_t left) {
  while (left > 0) {
    const void *bytes;
    ssize_t count = recipe_bytes (&it->reader, &bytes, left);
    if (count < 0 || sink_put (it->sink, bytes, (size_t)count) < 0)
      return -1;
    left -= (uint64_t)count;
  }
  return 0;
}

static int changed (const struct rebuilding *it, const char *name) {
  return problem_put (it->sink->problem, BAD_ARCHIVE, name,
                      "Cannot rebuild the archive of the layer: its file '%s' has been changed or removed", name);
}

/* O_NONBLOCK: whatever has come in the file's place, the open does not wait. */
static int open_file (const struct rebuilding *it, const char *name) {
  cleanup_fd int fd = in_root_open (it->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;
  if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != ENXIO)
    return problem_errno (it->sink->problem, name, "open");
  if (fd < 0)
    return changed (it, name);
  if (fstat (fd, &st) < 0)
    return problem_errno (it->sink->problem, name, "stat");
  return S_ISREG (st.st_mode) ? steal_fd (&fd) : changed (it, name);
}

static int put_contents (struct rebuilding *it, const char *name, uint64_t offset, uint64_t left) {
  cleanup_fd int fd = open_file (it, name);
  if (fd < 0)
    return -1;
  while (left > 0) {
    size_t wanted = left < CONTENTS_BLOCK ? (size_t)left : CONTENTS_BLOCK;
    ssize_t count = RETRY (pread (fd, it->block, wanted, (off_t)offset));
    if (count < 0)
      return problem_errno (it->sink->problem, name, "read");
    if (count == 0)
      return changed (it, name);
    if (sink_put (it->sink, it->block, (size_t)count) < 0)
      return -1;
    offset += (uint64_t)count;
    left -= (uint64_t)count;
  }
  return 0;
}

int rebuild (struct sink *sink, int recipe, int folder) {
  static struct rebuilding it;
  it.sink = sink;
  it.folder = folder;
  it.reader.libraries = sink->libraries;
  it.reader.problem = sink->problem;
  it.reader.file = recipe;
  if (recipe_open (&it.reader) < 0)
    return -1;
  for (;;) {
    struct recipe_record record;
    char name[PATH_MAX];
    if (recipe_next (&it.reader, &record, name) < 0)
      return -1;
    int result = 0;
    switch (record.kind) {
      case RECIPE_BYTES: result = put_bytes (&it, record.count); break;
      case RECIPE_CONTENTS: result = put_contents (&it, name, record.offset, record.count); break;
      case RECIPE_END: return record.count == sink->plain_count ? 0 : recipe_damaged (&it.reader);
      default: return recipe_damaged (&it.reader);
    }
    if (result < 0)
      return -1;
  }
}
