#include "source.h"
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/passing.h"
#include "base/syscalls.h"

static int failed_control (struct source *source) {
  return problem_put (source->problem, UNSUPPORTED, "", "Cannot unpack a layer: a control line from likerd is malformed");
}

/* Waits for further control lines. */
static int wait_for_more (struct source *source) {
  char lines[512];
  ssize_t count = RETRY (read (source->control_fd, lines, sizeof lines));
  if (count <= 0)
    return problem_put (source->problem, ABANDONED, "", "likerd gave up");
  return control_take (&source->control, lines, (size_t)count) ? 0 : failed_control (source);
}

/* The next bytes of a file, as far as the control lines say that they are there. */
static ssize_t read_file (struct source *source) {
  while (source->read == source->control.available) {
    if (source->control.ended)
      return 0;
    if (wait_for_more (source) < 0)
      return -1;
  }
  uint64_t there = source->control.available - source->read;
  size_t count = there < source->room ? (size_t)there : source->room;
  ssize_t got = RETRY (pread (source->file, source->place, count, (off_t)source->read));
  if (got < 0)
    return problem_errno (source->problem, "", "read the file of the layer");
  if (got == 0)
    return problem_put (source->problem, BAD_ARCHIVE, "", "Cannot unpack the layer: its file ends after %llu bytes",
                        (unsigned long long)source->read);
  return got;
}

/* A writer that has died has not said that this is all. */
static ssize_t check_end (struct source *source) {
  while (!source->control.ended)
    if (wait_for_more (source) < 0)
      return -1;
  if (source->control.available == source->read)
    return 0;
  return problem_put (source->problem, BAD_ARCHIVE, "", "Cannot unpack the archive: only %llu of its %llu bytes have come",
                      (unsigned long long)source->read, (unsigned long long)source->control.available);
}

/* The headers that a descriptor belongs to follow it at once. */
static ssize_t receive (struct source *source) {
  cleanup_fd int fd = -1;
  ssize_t got = receive_with_fd (source->file, source->place, source->room, &fd);
  if (fd >= 0 && source->passed >= 0)
    return failed (EPROTO);
  if (fd >= 0)
    source->passed = steal_fd (&fd);
  return got;
}

static ssize_t read_stream (struct source *source) {
  ssize_t got = source->passes ? receive (source) : RETRY (read (source->file, source->place, source->room));
  if (got == 0 && source->needs_end)
    return check_end (source);
  return got < 0 ? problem_errno (source->problem, "", "read the stream of the layer") : got;
}

void source_place (struct source *source, uint8_t *place, size_t room) {
  source->place = place;
  source->room = room;
}

int source_begin (struct source *source) {
  struct stat stats;
  source_place (source, source->block, sizeof source->block);
  if (fstat (source->file, &stats) < 0)
    return problem_errno (source->problem, "", "look at the source of the layer");
  source->is_stream = !S_ISREG (stats.st_mode);
  /* Node.js makes sockets that do not wait. */
  if (source->passes && fcntl (source->file, F_SETFL, 0) < 0)
    return problem_errno (source->problem, "", "prepare the socket of");
  return 0;
}

ssize_t source_read (struct source *source, const void **block) {
  *block = source->place;
  ssize_t got = source->is_stream ? read_stream (source) : read_file (source);
  if (got > 0) {
    digest_add (&source->digest, source->place, (size_t)got);
    source->read += (uint64_t)got;
  }
  source_place (source, source->block, sizeof source->block);
  return got;
}

int source_drain (struct source *source) {
  const void *block;
  ssize_t count;
  while ((count = source_read (source, &block)) > 0)
    ;
  return (int)count;
}
