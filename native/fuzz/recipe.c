/*
 * The recipe of a layer: whatever the order in which blocks of an archive are lent, looked at, and found to be contents of files, each byte is
 * in the recipe once, in its place; and the reader of recipes reads any bytes without harm.
 * Input: u8 (odd: bytes for the reader; even: operations), u8 n, n bytes of answers of the kernel, then the bytes, or operations: u8 kind, u8 size.
 */
#include "archive/recipe_reader.h"
#include "unpack/recorder.h"
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

#define MOST 65536
#define MOST_FILES 3

static uint8_t written[4 * MOST];
static size_t count;
static const uint8_t *given;
static size_t given_count, piece;

/* Libraries whose compression changes nothing. */
static struct archive *archive_new (void) { return (struct archive *)&count; }
static struct archive_entry *entry_new (void) { return (struct archive_entry *)&count; }
static void set_filetype (struct archive_entry *entry, unsigned type) { (void)entry, (void)type; }
static int of_archive (struct archive *archive) { return archive ? ARCHIVE_OK : ARCHIVE_FATAL; }
static int with_number (struct archive *archive, int number) { return number >= 0 ? of_archive (archive) : ARCHIVE_FATAL; }
static int with_options (struct archive *archive, const char *options) { return *options ? of_archive (archive) : ARCHIVE_FATAL; }
static int with_entry (struct archive *archive, struct archive_entry *entry) { return entry ? of_archive (archive) : ARCHIVE_FATAL; }
static const char *error_string (struct archive *archive) { return archive ? "no reason" : NULL; }

static int open_writer (struct archive *archive, void *data, void *opened, archive_writer *writer, void *closed) {
  require (data && !opened && writer && !closed, "a writer");
  return of_archive (archive);
}

static ssize_t write_data (struct archive *archive, const void *bytes, size_t size) {
  if (draw_failure () || count + size > sizeof written)
    return -1;
  memcpy (written + count, bytes, size);
  count += size;
  return of_archive (archive) == ARCHIVE_OK ? (ssize_t)size : -1;
}

static int open_reader (struct archive *archive, void *data, void *opened, archive_reader *reader, void *closed) {
  require (data && !opened && reader && !closed, "a reader");
  return of_archive (archive);
}

static int read_block (struct archive *archive, const void **block, size_t *size, int64_t *offset) {
  *size = piece < given_count ? piece : given_count;
  *block = given;
  *offset = 0;
  given += *size;
  given_count -= *size;
  return *size ? of_archive (archive) : ARCHIVE_EOF;
}

static const struct libraries libraries = {
  .archive_write_new = archive_new,
  .archive_read_new = archive_new,
  .archive_entry_new = entry_new,
  .archive_entry_set_filetype = set_filetype,
  .archive_write_add_filter_zstd = of_archive,
  .archive_write_set_format_raw = of_archive,
  .archive_write_set_options = with_options,
  .archive_write_set_bytes_in_last_block = with_number,
  .archive_write_open = open_writer,
  .archive_write_header = with_entry,
  .archive_write_data = write_data,
  .archive_write_close = of_archive,
  .archive_read_append_filter = with_number,
  .archive_read_set_format = with_number,
  .archive_read_open = open_reader,
  .archive_read_next_header2 = with_entry,
  .archive_read_data_block = read_block,
  .archive_read_free = of_archive,
  .archive_error_string = error_string,
};

void *fuzz_reallocarray (void *memory, size_t items, size_t size) { return draw_failure () ? NULL : reallocarray (memory, items, size); }

static uint8_t byte_at (uint64_t position) { return (uint8_t)(position * 31 + position / 251); }

/* Where a byte of the archive is expected: in the recipe, or in a file. */
struct origin {
  uint8_t file; /* 1 more than its number; 0: none */
  uint64_t offset;
};
static struct origin origins[MOST];
static const char *const names[MOST_FILES] = { "a", "d/b", "d/b.c" };

struct lending {
  struct recorder *recorder;
  uint8_t *block;
  uint64_t fed, done, next; /* `next`: where the next contents follow in their file */
};

static bool lend (struct lending *it, uint8_t size) {
  if (it->fed + size > MOST)
    return true;
  if (recorder_release (it->recorder, it->done) < 0)
    return false;
  free (it->block);
  it->block = malloc (size);
  for (size_t i = 0; i < size; i++)
    it->block[i] = byte_at (it->fed + i);
  recorder_lend (it->recorder, it->block, size);
  it->fed += size;
  return true;
}

/* Contents of what was lent. An even `kind` goes on in the same file. */
static bool find (struct lending *it, uint8_t kind, uint8_t size) {
  uint64_t length = size < it->fed - it->done ? size : it->fed - it->done;
  uint8_t file = kind / 8 % MOST_FILES;
  uint64_t offset = kind & 4 ? it->next : kind;
  for (uint64_t i = 0; i < length; i++)
    origins[it->done + i] = (struct origin){ (uint8_t)(file + 1), offset + i };
  if (recorder_contents (it->recorder, names[file], it->done, offset, length) < 0)
    return false;
  it->done += length;
  it->next = offset + length;
  return true;
}

static bool do_one (struct lending *it, uint8_t kind, uint8_t size) {
  switch (kind % 4) {
    case 0:
    case 1: return lend (it, size);
    case 2: return find (it, kind, size);
    default: it->done += size < it->fed - it->done ? size : it->fed - it->done; return true;
  }
}

static void begin_reader (struct recipe_reader *reader, struct problem *problem, const uint8_t *bytes, size_t size, size_t pieces) {
  *reader = (struct recipe_reader){ .libraries = &libraries, .problem = problem, .file = -1 };
  given = bytes;
  given_count = size;
  piece = pieces;
}

static void require_bytes (struct recipe_reader *reader, uint64_t at, uint64_t left) {
  while (left > 0) {
    const uint8_t *bytes;
    ssize_t got = recipe_bytes (reader, (const void **)&bytes, left);
    require (got > 0, "the bytes of a record are there");
    for (ssize_t i = 0; i < got; i++, at++)
      require (!origins[at].file && bytes[i] == byte_at (at), "a byte that no file has is in the recipe");
    left -= (uint64_t)got;
  }
}

static void require_contents (const struct recipe_record *record, const char *name, uint64_t at) {
  for (uint64_t i = 0; i < record->count; i++) {
    const struct origin *origin = &origins[at + i];
    require (origin->file && !strcmp (name, names[origin->file - 1]) && origin->offset == record->offset + i,
             "contents are those of the file that was told");
  }
}

/* Each byte of the archive, in its order. */
static void require_recipe (struct problem *problem, uint64_t fed, size_t pieces) {
  static struct recipe_reader reader;
  struct recipe_record record;
  char name[PATH_MAX];
  begin_reader (&reader, problem, written, count, pieces);
  require (recipe_open (&reader) == 0, "a recipe begins as one");
  for (uint64_t at = 0;; at += record.count) {
    require (recipe_next (&reader, &record, name) == 0, "a recipe has an end");
    if (record.kind == RECIPE_END) {
      require (record.count == fed && at == fed, "a recipe has the length of its archive");
      return;
    }
    require (record.count > 0 && at + record.count <= fed, "a record is of bytes of the archive");
    if (record.kind == RECIPE_BYTES)
      require_bytes (&reader, at, record.count);
    else {
      require (record.kind == RECIPE_CONTENTS, "a record is of a known kind");
      require_contents (&record, name, at);
    }
  }
}

static void try_operations (struct problem *problem, const uint8_t *data, size_t size) {
  static struct recorder recorder;
  struct lending it = { .recorder = &recorder };
  memset (origins, 0, sizeof origins);
  count = 0;
  bool good = recorder_begin (&recorder, 1, &libraries, problem) == 0;
  for (size_t i = 0; good && i + 1 < size; i += 2)
    good = do_one (&it, data[i], data[i + 1]);
  good = good && recorder_release (&recorder, it.fed) == 0 && recorder_end (&recorder) == 0;
  free (it.block);
  free (recorder.kept.items);
  if (good)
    require_recipe (problem, it.fed, 1 + size % 700);
  else
    require (problem->code != NO_PROBLEM, "a failure has a reason");
}

static void try_bytes (struct problem *problem, const uint8_t *data, size_t size) {
  static struct recipe_reader reader;
  struct recipe_record record;
  char name[PATH_MAX];
  begin_reader (&reader, problem, data, size, 1 + size % 50);
  if (recipe_open (&reader) < 0)
    return;
  while (recipe_next (&reader, &record, name) == 0) {
    require (strlen (name) <= record.name_length && record.name_length < PATH_MAX, "a name has its length");
    const void *bytes;
    if (record.kind == RECIPE_BYTES && record.count > 0 && recipe_bytes (&reader, &bytes, record.count) < 0)
      break;
  }
  require (problem->code == BAD_ARCHIVE, "a recipe that breaks off is damaged");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 2 || size < 2 + (size_t)data[1] || size > 4096)
    return 0;
  struct problem problem = { .code = NO_PROBLEM };
  kernel_begin (data + 2, data[1]);
  const uint8_t *rest = data + 2 + data[1];
  size_t left = size - 2 - data[1];
  if (data[0] % 2)
    try_bytes (&problem, rest, left);
  else
    try_operations (&problem, rest, left);
  kernel_end ();
  return 0;
}
