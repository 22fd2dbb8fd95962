#include "recorder.h"
#include <string.h>
#include "archive/recipe.h"
#include "base/memfd.h"

static int write_out (void *data, const void *bytes, size_t count) {
  const struct recorder *recorder = data;
  return write_all (recorder->file, bytes, count) < 0 ? problem_errno (recorder->encoder.problem, "", "write the recipe of the layer") : 0;
}

static int put (struct recorder *recorder, const void *bytes, size_t count) { return encoder_put (&recorder->encoder, bytes, count); }

int recorder_begin (struct recorder *recorder, int file, const struct libraries *libraries, struct problem *problem) {
  *recorder = (struct recorder){
    .file = file,
    .encoder = { .libraries = libraries, .problem = problem, .put = write_out, .data = recorder },
  };
  return recipe_begin (&recorder->encoder);
}

static int put_contents (struct recorder *recorder) {
  uint64_t count = recorder->contents.count;
  recorder->contents.count = 0;
  return count == 0 ? 0
                    : recipe_put_named (&recorder->encoder, RECIPE_CONTENTS, recorder->contents.name, recorder->contents.offset, count);
}

/* The bytes from `told` to `end`, which are those that were kept, and then those that are lent. */
static int put_lent (struct recorder *recorder, uint64_t end) {
  uint64_t block = recorder->fed - recorder->block_count;
  if (recorder->told < block) {
    size_t count = (size_t)((end < block ? end : block) - recorder->told);
    if (put (recorder, recorder->kept.items + recorder->kept.count - (block - recorder->told), count) < 0)
      return -1;
    recorder->told += count;
  }
  if (recorder->told < end && put (recorder, recorder->block + (recorder->told - block), (size_t)(end - recorder->told)) < 0)
    return -1;
  recorder->told = end;
  return 0;
}

static int put_bytes (struct recorder *recorder, uint64_t end) {
  if (end <= recorder->told)
    return 0;
  if (put_contents (recorder) < 0 || recipe_put (&recorder->encoder, RECIPE_BYTES, end - recorder->told) < 0)
    return -1;
  return put_lent (recorder, end);
}

/* What is neither the reader's nor told stays here. */
static int keep (struct recorder *recorder) {
  struct records *kept = &recorder->kept;
  uint64_t block = recorder->fed - recorder->block_count;
  size_t older = recorder->told < block ? (size_t)(block - recorder->told) : 0;
  if (older > 0)
    memmove (kept->items, kept->items + kept->count - older, older);
  kept->count = older;
  uint64_t from = recorder->told < block ? block : recorder->told;
  if (from < recorder->fed && records_add (kept, 1, recorder->block + (from - block), (size_t)(recorder->fed - from)) == SIZE_MAX)
    return problem_put (recorder->encoder.problem, WRITE_FAILED, "", "Cannot write the recipe of the layer: out of memory");
  recorder->block_count = 0;
  return 0;
}

int recorder_release (struct recorder *recorder, uint64_t done) {
  if (!recorder)
    return 0;
  return put_bytes (recorder, done < recorder->fed ? done : recorder->fed) < 0 ? -1 : keep (recorder);
}

void recorder_lend (struct recorder *recorder, const void *block, size_t count) {
  if (!recorder)
    return;
  recorder->block = block;
  recorder->block_count = count;
  recorder->fed += count;
}

int recorder_contents (struct recorder *recorder, const char *name, uint64_t position, uint64_t offset, uint64_t count) {
  if (!recorder || count == 0)
    return 0;
  if (put_bytes (recorder, position) < 0)
    return -1;
  bool follows = offset == recorder->contents.offset + recorder->contents.count && !strcmp (name, recorder->contents.name);
  if (recorder->contents.count == 0 || !follows) {
    if (put_contents (recorder) < 0)
      return -1;
    strcpy (recorder->contents.name, name);
    recorder->contents.offset = offset;
  }
  recorder->contents.count += count;
  recorder->told = position + count;
  return 0;
}

int recorder_moved (struct recorder *recorder, const char *name, uint64_t number) {
  return put_contents (recorder) < 0 ? -1 : recipe_put_named (&recorder->encoder, RECIPE_MOVED, name, 0, number);
}

int recorder_end (struct recorder *recorder) {
  if (!recorder)
    return 0;
  if (put_bytes (recorder, recorder->fed) < 0 || put_contents (recorder) < 0 ||
      recipe_put (&recorder->encoder, RECIPE_END, recorder->fed) < 0)
    return -1;
  return encoder_end (&recorder->encoder);
}
