#include "tree.h"
#include <string.h>
#include "names.h"

bool name_in_tree (const struct tree *tree, char out[PATH_MAX], const char *name) {
  char clean[PATH_MAX];
  if (!*tree->into)
    return clean_name (out, name);
  if (!clean_name (clean, name) || strlen (tree->into) + 1 + strlen (clean) >= PATH_MAX)
    return false;
  char *end = stpcpy (out, tree->into);
  if (*clean)
    stpcpy (stpcpy (end, "/"), clean);
  return true;
}

size_t add_text (struct tree *tree, const char *text) {
  return records_add (&tree->texts, 1, text, strlen (text) + 1);
}

const char *text_at (const struct tree *tree, size_t place) { return tree->texts.items + place; }

int out_of_memory (struct tree *tree, const char *name) {
  return problem_put (tree->problem, WRITE_FAILED, name, "Cannot unpack '%s': out of memory", name);
}

int check_entries (struct tree *tree) {
  if (tree->entries + tree->places.made <= tree->most_entries)
    return 0;
  return problem_put (tree->problem, TOO_BIG, "", "Cannot unpack the layer: it has more than %llu entries",
                      (unsigned long long)tree->most_entries);
}
