#include "listing.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/entries.h"

static int by_name (const void *one, const void *other, void *text) {
  return strcmp ((const char *)text + *(const size_t *)one, (const char *)text + *(const size_t *)other);
}

int listing_read (struct listing *listing, int folder) {
  struct entries entries;
  *listing = (struct listing){ .text = { .count = 0 } };
  entries_begin (&entries, folder);
  for (const char *name; (name = next_entry (&entries));) {
    size_t at = records_add (&listing->text, 1, name, strlen (name) + 1);
    if (at == SIZE_MAX || records_add (&listing->names, sizeof at, &at, 1) == SIZE_MAX)
      return failed (ENOMEM);
  }
  if (errno)
    return -1;
  if (listing->names.count > 0)
    qsort_r (listing->names.items, listing->names.count, sizeof (size_t), by_name, listing->text.items);
  return 0;
}

const char *listing_name (const struct listing *listing, size_t index) {
  return listing->text.items + ((const size_t *)listing->names.items)[index];
}

void listing_free (struct listing *listing) {
  free (listing->text.items);
  free (listing->names.items);
}
