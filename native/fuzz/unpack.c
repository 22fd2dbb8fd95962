/*
 * What liker-unpack reads itself: names of entries, which must never lead out of the layer, and control lines, which may come in any
 * pieces. Libraries read the archives.
 * Input: u8 (odd: a name; even: the size of the first piece of the lines), bytes.
 */
#include "unpack/control.h"
#include "unpack/names.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

#define MOST_LINES 4096

/* The name by a list of its components. */
static bool plain_clean (char *name, char out[PATH_MAX]) {
  static const char *kept[MOST_LINES];
  size_t count = 0, length = 0;
  for (char *at = name, *part; (part = strsep (&at, "/"));) {
    if (!strcmp (part, ".."))
      count -= count > 0;
    else if (*part && strcmp (part, ".") != 0)
      kept[count++] = part;
  }
  *out = '\0';
  for (size_t i = 0; i < count; i++) {
    if (length + strlen (kept[i]) + 2 > PATH_MAX)
      return false;
    length += (size_t)sprintf (out + length, i ? "/%s" : "%s", kept[i]);
  }
  return true;
}

/* A path that stays below the folder that it begins in, whose components are all names. */
static void require_clean (const char *path) {
  char again[PATH_MAX];
  require (clean_name (again, path) && !strcmp (again, path), "a clean name stays as it is");
  require (*path != '/', "a clean name is relative");
  char copy[PATH_MAX + 2];
  sprintf (copy, "/%s/", path);
  require (!*path || !strstr (copy, "//"), "a clean name has no empty component");
  require (!strstr (copy, "/./") && !strstr (copy, "/../"), "a clean name has no dots");
}

static void try_name (char *name) {
  char clean[PATH_MAX], plain[PATH_MAX];
  bool good = clean_name (clean, name);
  /* A name may be too long before ".." makes it short. */
  if (strlen (name) < PATH_MAX)
    require (good, "a name that a path can be is not too long");
  if (!good)
    return;
  require_clean (clean);
  require (plain_clean (name, plain) && !strcmp (clean, plain), "clean_name does as the list of components says");
  enum name_kind kind = name_kind (clean);
  if (kind != NAME_WHITEOUT && kind != NAME_OPAQUE)
    return;
  size_t before = strlen (clean), parent = (size_t)(leaf_of (clean) - clean);
  name_target (clean);
  require_clean (clean);
  if (kind == NAME_WHITEOUT) {
    require (strlen (clean) == before - 4 && *leaf_of (clean), "a whiteout is of an entry");
    require ((size_t)(leaf_of (clean) - clean) == parent, "a whiteout is of an entry in its own folder");
  } else
    require (strlen (clean) + (parent > 0) == parent, "an opaque marker is of its own folder");
}

static void try_control (const char *lines, size_t size, size_t first) {
  struct control whole = { .ended = false }, pieces = whole, single = whole;
  bool good = control_take (&whole, lines, size);
  first = first < size ? first : size;
  bool good_pieces = control_take (&pieces, lines, first) && control_take (&pieces, lines + first, size - first);
  bool good_single = true;
  uint64_t last = 0;
  for (size_t i = 0; i < size && good_single; i++) {
    good_single = control_take (&single, lines + i, 1);
    require (single.available >= last, "what is there stays there");
    last = single.available;
  }
  require (good == good_pieces && good == good_single, "pieces of lines are read as the whole");
  if (!good)
    return;
  require (whole.available == single.available && whole.ended == single.ended, "and mean the same");
  require (whole.available == pieces.available && whole.ended == pieces.ended, "however they are cut");
  require (whole.available <= INT64_MAX, "a position in a file");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size > MOST_LINES)
    return 0;
  char *text = malloc (size);
  memcpy (text, data + 1, size - 1);
  text[size - 1] = '\0';
  if (data[0] % 2)
    try_name (text);
  else
    try_control (text, size - 1, data[0]);
  free (text);
  return 0;
}
