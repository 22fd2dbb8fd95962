#include "tar_writer.h"
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "attributes.h"
#include "contents.h"

struct link {
  dev_t device;
  ino_t inode;
  char name[];
};

static int by_inode (const void *one, const void *other) {
  const struct link *a = one, *b = other;
  if (a->inode != b->inode)
    return a->inode < b->inode ? -1 : 1;
  return a->device < b->device ? -1 : a->device > b->device;
}

static int out_of_memory (const struct tar_writer *writer, const char *name) {
  return problem_put (writer->sink->problem, WRITE_FAILED, name, "Cannot write '%s' into the archive: out of memory", name);
}

static ssize_t take (struct archive *archive, void *data, const void *bytes, size_t count) {
  (void)archive;
  return sink_put (data, bytes, count) < 0 ? -1 : (ssize_t)count;
}

/* Attributes are written once, as everybody reads them. Without blocks of its own, libarchive passes the bytes on. */
int tar_writer_begin (struct tar_writer *writer, struct sink *sink) {
  const struct libraries *libraries = sink->libraries;
  *writer = (struct tar_writer){ .sink = sink, .archive = libraries->archive_write_new (), .entry = libraries->archive_entry_new () };
  if (!writer->archive || !writer->entry)
    return out_of_memory (writer, "");
  if (libraries->archive_write_set_format_pax (writer->archive) != ARCHIVE_OK ||
      libraries->archive_write_set_options (writer->archive, "pax:xattrheader=SCHILY") != ARCHIVE_OK ||
      libraries->archive_write_set_bytes_per_block (writer->archive, 0) != ARCHIVE_OK ||
      libraries->archive_write_open (writer->archive, sink, NULL, take, NULL) != ARCHIVE_OK)
    return tar_failed (writer, "");
  return 0;
}

#ifndef __clang__
#pragma GCC diagnostic push
/* GCC does not know that tsearch(3) keeps it. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
/* The name under which the file is in the archive already, or NULL; -1 without memory. */
static int find_link (struct tar_writer *writer, const struct tar_file *file, const char **first) {
  size_t length = strlen (file->name) + 1;
  struct link *link = malloc (sizeof *link + length);
  if (!link)
    return out_of_memory (writer, file->name);
  link->device = file->st.st_dev;
  link->inode = file->st.st_ino;
  memcpy (link->name, file->name, length);
  struct link **found = tsearch (link, &writer->links, by_inode);
  if (!found) {
    free (link);
    return out_of_memory (writer, file->name);
  }
  if (*found == link)
    return 0;
  *first = (*found)->name;
  free (link);
  return 0;
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

static void describe (struct tar_writer *writer, const struct tar_file *file, const char *first) {
  const struct libraries *libraries = writer->sink->libraries;
  struct archive_entry *entry = writer->entry;
  const struct stat *st = &file->st;
  libraries->archive_entry_clear (entry);
  libraries->archive_entry_set_pathname (entry, file->name);
  libraries->archive_entry_set_mode (entry, st->st_mode);
  libraries->archive_entry_set_uid (entry, st->st_uid);
  libraries->archive_entry_set_gid (entry, st->st_gid);
  libraries->archive_entry_set_mtime (entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
  libraries->archive_entry_set_size (entry, S_ISREG (st->st_mode) && !first ? st->st_size : 0);
  if (S_ISCHR (st->st_mode) || S_ISBLK (st->st_mode)) {
    libraries->archive_entry_set_rdevmajor (entry, major (st->st_rdev));
    libraries->archive_entry_set_rdevminor (entry, minor (st->st_rdev));
  }
  if (first)
    libraries->archive_entry_set_hardlink (entry, first);
  else if (S_ISLNK (st->st_mode))
    libraries->archive_entry_set_symlink (entry, file->target);
}

int tar_put (struct tar_writer *writer, const struct tar_file *file) {
  const struct libraries *libraries = writer->sink->libraries;
  const char *first = NULL;
  bool has_names = !S_ISDIR (file->st.st_mode) && file->st.st_nlink > 1;
  if (has_names && find_link (writer, file, &first) < 0)
    return -1;
  describe (writer, file, first);
  if (file->fd >= 0 && !first && add_attributes (writer, file) < 0)
    return -1;
  bool has_contents = S_ISREG (file->st.st_mode) && !first && file->st.st_size > 0;
  if (has_contents && add_holes (writer, file) < 0)
    return -1;
  /* A warning: a name is not UTF-8. It is written as it is, with a header that says so. */
  if (libraries->archive_write_header (writer->archive, writer->entry) < ARCHIVE_WARN)
    return tar_failed (writer, file->name);
  if (has_contents && put_contents (writer, file) < 0)
    return -1;
  return libraries->archive_write_finish_entry (writer->archive) < ARCHIVE_WARN ? tar_failed (writer, file->name) : 0;
}

int tar_writer_end (struct tar_writer *writer) {
  return writer->sink->libraries->archive_write_close (writer->archive) != ARCHIVE_OK ? tar_failed (writer, "") : 0;
}
