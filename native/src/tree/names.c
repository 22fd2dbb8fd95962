#include "names.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/entries.h"
#include "bytes.h"

static int compare (const void *one, const void *other) { return strcmp (*(const char *const *)one, *(const char *const *)other); }

int names_read (struct names *names, int folder) {
  struct bytes texts = { 0 };
  struct entries entries;
  *names = (struct names){ 0 };
  entries_begin (&entries, folder);
  for (const char *name; (name = next_entry (&entries)); names->count++)
    if (bytes_add (&texts, name, strlen (name) + 1) < 0) {
      free (texts.data);
      errno = ENOMEM;
      return -1;
    }
  int error = errno;
  names->texts = texts.data;
  names->sorted = calloc (names->count + 1, sizeof *names->sorted);
  if (error || !names->sorted) {
    names_free (names);
    errno = error ? error : ENOMEM;
    return -1;
  }
  const char *at = texts.data;
  for (size_t i = 0; at && i < names->count; i++, at += strlen (at) + 1)
    names->sorted[i] = at;
  qsort (names->sorted, names->count, sizeof *names->sorted, compare);
  return 0;
}

void names_free (struct names *names) {
  free (names->texts);
  free (names->sorted);
}
