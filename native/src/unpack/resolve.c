#include "resolve.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "archive/recipe_reader.h"
#include "base/cleanup.h"
#include "base/in_root.h"
#include "base/memfd.h"
#include "base/syscalls.h"
#include "base/text.h"

#define BLOCK (256 << 10)

struct move {
  size_t name; /* in the texts */
  uint64_t at; /* so many records come before */
  uint64_t number;
};

struct resolving {
  struct recorder *recorder;
  const struct aside *aside;
  struct problem *problem;
  struct recipe_reader reader;
  struct records texts, moves; /* of char; of struct move, in the order of their names, and then of `at` */
  uint8_t block[BLOCK];
};

static int out_of_memory (const struct resolving *it) {
  return problem_put (it->problem, WRITE_FAILED, "", "Cannot write the recipe of the layer: out of memory");
}

static int failed_to_write (const struct resolving *it) { return problem_errno (it->problem, "", "write the recipe of the layer"); }

/* What was recorded, in a file without a name; the recorder's is empty afterwards. */
static int take_draft (struct resolving *it, int root) {
  int recorded = it->recorder->file;
  cleanup_fd int draft = openat (root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  ssize_t count;
  if (draft < 0 || lseek (recorded, 0, SEEK_SET) < 0)
    return failed_to_write (it);
  while ((count = RETRY (read (recorded, it->block, BLOCK))) > 0)
    if (write_all (draft, it->block, (size_t)count) < 0)
      return failed_to_write (it);
  if (count < 0 || lseek (recorded, 0, SEEK_SET) < 0 || ftruncate (recorded, 0) < 0)
    return failed_to_write (it);
  return steal_fd (&draft);
}

static int skip (struct resolving *it, uint64_t left) {
  while (left > 0) {
    const void *bytes;
    ssize_t count = recipe_bytes (&it->reader, &bytes, left);
    if (count < 0)
      return -1;
    left -= (uint64_t)count;
  }
  return 0;
}

static int begin_reading (struct resolving *it) {
  if (lseek (it->reader.file, 0, SEEK_SET) < 0)
    return failed_to_write (it);
  return recipe_open (&it->reader);
}

static int add_move (struct resolving *it, const char *name, uint64_t at, uint64_t number) {
  const struct move move = { records_add (&it->texts, 1, name, strlen (name) + 1), at, number };
  return move.name == SIZE_MAX || records_add (&it->moves, sizeof move, &move, 1) == SIZE_MAX ? out_of_memory (it) : 0;
}

static int by_name_and_time (const void *one, const void *other, void *texts) {
  const struct move *a = one, *b = other;
  int order = strcmp ((const char *)texts + a->name, (const char *)texts + b->name);
  return order ? order : a->at < b->at ? -1 : a->at > b->at;
}

static int find_moves (struct resolving *it) {
  struct recipe_record record;
  char name[PATH_MAX];
  uint64_t at = 0;
  if (begin_reading (it) < 0)
    return -1;
  for (;; at++) {
    if (recipe_next (&it->reader, &record, name) < 0)
      return -1;
    if (record.kind == RECIPE_END)
      break;
    if (record.kind == RECIPE_BYTES && skip (it, record.count) < 0)
      return -1;
    if (record.kind == RECIPE_MOVED && add_move (it, name, at, record.count) < 0)
      return -1;
  }
  qsort_r (it->moves.items, it->moves.count, sizeof (struct move), by_name_and_time, it->texts.items);
  return 0;
}

/* The first move of this name that is later, or NULL. */
static const struct move *later_move (const struct resolving *it, const char *name, uint64_t at) {
  const struct move *moves = (const struct move *)it->moves.items;
  size_t low = 0, high = it->moves.count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp (it->texts.items + moves[middle].name, name);
    if (order < 0 || (order == 0 && moves[middle].at < at))
      low = middle + 1;
    else
      high = middle;
  }
  return low < it->moves.count && !strcmp (it->texts.items + moves[low].name, name) ? &moves[low] : NULL;
}

/* The first later move of the file, or of a folder above it; `rest` is what follows the name that moved. */
static const struct move *first_move (const struct resolving *it, const char *name, uint64_t at, const char **rest) {
  const struct move *first = NULL;
  char part[PATH_MAX];
  for (size_t end = 0;; end++) {
    end += strcspn (name + end, "/");
    memcpy (part, name, end);
    part[end] = '\0';
    const struct move *move = later_move (it, part, at);
    if (move && (!first || move->at < first->at)) {
      first = move;
      *rest = name + end;
    }
    if (!name[end])
      return first;
  }
}

static int put_file (struct resolving *it, const char *path, uint64_t offset, uint64_t left) {
  struct encoder *encoder = &it->recorder->encoder;
  cleanup_fd int fd = in_root_open (it->aside->folder, path, O_RDONLY | O_NOFOLLOW);
  if (fd < 0)
    return problem_errno (it->problem, path, "open");
  if (recipe_put (encoder, RECIPE_BYTES, left) < 0)
    return -1;
  while (left > 0) {
    ssize_t count = RETRY (pread (fd, it->block, left < BLOCK ? (size_t)left : BLOCK, (off_t)offset));
    if (count <= 0)
      return problem_errno (it->problem, path, "read");
    if (encoder_put (encoder, it->block, (size_t)count) < 0)
      return -1;
    offset += (uint64_t)count;
    left -= (uint64_t)count;
  }
  return 0;
}

static int put_contents (struct resolving *it, const struct recipe_record *record, const char *name, uint64_t at) {
  const char *rest;
  const struct move *move = first_move (it, name, at, &rest);
  if (!move)
    return recipe_put_named (&it->recorder->encoder, RECIPE_CONTENTS, name, record->offset, record->count);
  char path[PATH_MAX + 24];
  put_text (put_number (path, move->number), rest);
  return put_file (it, path, record->offset, record->count);
}

static int put_bytes (struct resolving *it, uint64_t left) {
  if (recipe_put (&it->recorder->encoder, RECIPE_BYTES, left) < 0)
    return -1;
  while (left > 0) {
    const void *bytes;
    ssize_t count = recipe_bytes (&it->reader, &bytes, left);
    if (count < 0 || encoder_put (&it->recorder->encoder, bytes, (size_t)count) < 0)
      return -1;
    left -= (uint64_t)count;
  }
  return 0;
}

static int put_records (struct resolving *it) {
  struct recipe_record record;
  char name[PATH_MAX];
  if (begin_reading (it) < 0)
    return -1;
  for (uint64_t at = 0;; at++) {
    int result = recipe_next (&it->reader, &record, name);
    if (result == 0 && record.kind == RECIPE_BYTES)
      result = put_bytes (it, record.count);
    else if (result == 0 && record.kind == RECIPE_CONTENTS)
      result = put_contents (it, &record, name, at);
    if (result < 0)
      return -1;
    if (record.kind == RECIPE_END)
      return recipe_put (&it->recorder->encoder, RECIPE_END, record.count);
  }
}

static int resolve (struct resolving *it) {
  const struct libraries *libraries = it->reader.libraries;
  if (find_moves (it) < 0)
    return -1;
  recipe_close (&it->reader);
  if (recorder_begin (it->recorder, it->recorder->file, libraries, it->problem) < 0 || put_records (it) < 0)
    return -1;
  return encoder_end (&it->recorder->encoder);
}

int resolve_recipe (struct recorder *recorder, const struct aside *aside, int root) {
  static struct resolving it;
  it.recorder = recorder;
  it.aside = aside;
  it.problem = recorder->encoder.problem;
  it.reader.libraries = recorder->encoder.libraries;
  it.reader.problem = it.problem;
  cleanup_fd int draft = take_draft (&it, root);
  it.reader.file = draft;
  int result = draft < 0 ? -1 : resolve (&it);
  recipe_close (&it.reader);
  free (it.moves.items);
  free (it.texts.items);
  return result;
}
