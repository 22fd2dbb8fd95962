#include "recipe_reader.h"
#include <string.h>
#include "base/syscalls.h"

int recipe_damaged (struct recipe_reader *reader) {
  return problem_put (reader->problem, BAD_ARCHIVE, "", "Cannot rebuild the archive of the layer: its recipe is damaged");
}

static ssize_t feed (struct archive *decoder, void *data, const void **block) {
  (void)decoder;
  struct recipe_reader *reader = data;
  *block = reader->compressed;
  ssize_t count = RETRY (read (reader->file, reader->compressed, sizeof reader->compressed));
  return count < 0 ? problem_errno (reader->problem, "", "read the recipe of the layer") : count;
}

static int fill (struct recipe_reader *reader) {
  while (reader->left == 0) {
    int64_t offset;
    const void *block;
    if (reader->libraries->archive_read_data_block (reader->decoder, &block, &reader->left, &offset) != ARCHIVE_OK)
      return recipe_damaged (reader);
    reader->next = block;
  }
  return 0;
}

ssize_t recipe_bytes (struct recipe_reader *reader, const void **bytes, uint64_t most) {
  if (fill (reader) < 0)
    return -1;
  size_t count = reader->left < most ? reader->left : (size_t)most;
  *bytes = reader->next;
  reader->next += count;
  reader->left -= count;
  return (ssize_t)count;
}

static int take (struct recipe_reader *reader, void *to, size_t size) {
  for (char *at = to; size > 0;) {
    const void *bytes;
    ssize_t count = recipe_bytes (reader, &bytes, size);
    if (count < 0)
      return -1;
    at = mempcpy (at, bytes, (size_t)count);
    size -= (size_t)count;
  }
  return 0;
}

int recipe_open (struct recipe_reader *reader) {
  const struct libraries *libraries = reader->libraries;
  struct archive *decoder = reader->decoder = libraries->archive_read_new ();
  struct archive_entry *entry = libraries->archive_entry_new ();
  char magic[sizeof RECIPE_MAGIC - 1];
  if (!decoder || !entry)
    return problem_put (reader->problem, WRITE_FAILED, "", "Cannot read the recipe of the layer: out of memory");
  if (libraries->archive_read_append_filter (decoder, ARCHIVE_FILTER_ZSTD) != ARCHIVE_OK)
    return problem_put (reader->problem, UNSUPPORTED, "", "Cannot read the recipe of the layer: this machine's libarchive does not know zstd");
  if (libraries->archive_read_set_format (decoder, ARCHIVE_FORMAT_RAW) != ARCHIVE_OK ||
      libraries->archive_read_open (decoder, reader, NULL, feed, NULL) != ARCHIVE_OK ||
      libraries->archive_read_next_header2 (decoder, entry) != ARCHIVE_OK)
    return recipe_damaged (reader);
  if (take (reader, magic, sizeof magic) < 0)
    return -1;
  return memcmp (magic, RECIPE_MAGIC, sizeof magic) == 0 ? 0 : recipe_damaged (reader);
}

void recipe_close (struct recipe_reader *reader) {
  if (reader->decoder)
    reader->libraries->archive_read_free (reader->decoder);
  reader->decoder = NULL;
  reader->left = 0;
}

int recipe_next (struct recipe_reader *reader, struct recipe_record *record, char name[PATH_MAX]) {
  if (take (reader, record, sizeof *record) < 0)
    return -1;
  if (record->name_length >= PATH_MAX)
    return recipe_damaged (reader);
  name[record->name_length] = '\0';
  return take (reader, name, record->name_length);
}
