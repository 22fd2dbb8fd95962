#include "record_again.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/syscalls.h"
#include "names.h"
#include "stream.h"
#include "tar.h"

/* Of the file with this name, if it is one; -1 if there is none. */
static int open_file (int root, const char *name) {
  cleanup_fd int fd = in_root_open (root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;
  return fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) ? steal_fd (&fd) : -1;
}

static bool has_bytes (int fd, const struct tar_block *block) {
  char there[64 << 10];
  const char *bytes = block->bytes;
  for (size_t done = 0; done < block->count;) {
    size_t count = block->count - done < sizeof there ? block->count - done : sizeof there;
    ssize_t got = RETRY (pread (fd, there, count, (off_t)(block->offset + done)));
    if (got <= 0 || memcmp (there, bytes + done, (size_t)got) != 0)
      return false;
    done += (size_t)got;
  }
  return true;
}

static int record_entry (struct tar *tar, const struct entry *entry, int root) {
  char name[PATH_MAX];
  struct tar_block block;
  if (entry->type != S_IFREG || entry->is_hard_link || !clean_name (name, entry->name))
    return 0;
  cleanup_fd int fd = open_file (root, name);
  if (fd < 0)
    return 0;
  int more;
  while ((more = tar_data (tar, name, &block)) > 0)
    if (has_bytes (fd, &block) && recorder_contents (tar->recorder, name, block.position, block.offset, block.count) < 0)
      return -1;
  return more;
}

static ssize_t read_stream (void *from, const void **block) { return stream_read (from, block); }

static int record_entries (struct tar *tar, int root) {
  struct entry entry;
  int more;
  if (tar_begin (tar) < 0)
    return -1;
  while ((more = tar_next (tar, &entry)) > 0)
    if (record_entry (tar, &entry, root) < 0)
      return -1;
  return more < 0 ? -1 : tar_end (tar);
}

int record_again (struct recorder *recorder, const struct source *read, int root) {
  static struct source source;
  const struct libraries *libraries = recorder->encoder.libraries;
  struct problem *problem = read->problem;
  source.control_fd = -1;
  source.file = read->file;
  source.problem = problem;
  source.control.available = read->read;
  source.control.ended = true;
  struct stream stream = { .source = &source, .libraries = libraries, .most = UINT64_MAX, .report = -1, .problem = problem };
  struct tar tar = { .libraries = libraries, .read = read_stream, .from = &stream, .recorder = recorder, .problem = problem };
  if (ftruncate (recorder->file, 0) < 0 || lseek (recorder->file, 0, SEEK_SET) < 0)
    return problem_errno (problem, "", "write the recipe of the layer");
  free (recorder->kept.items);
  if (recorder_begin (recorder, recorder->file, libraries, problem) < 0 || stream_begin (&stream) < 0)
    return -1;
  return record_entries (&tar, root);
}
