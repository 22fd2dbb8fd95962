#include "add.h"
#include <string.h>
#include "file.h"
#include "folder.h"
#include "link.h"
#include "names.h"
#include "node.h"

/* The name of what a marker stands for. */
static int add_marker (struct tree *tree, struct records *markers, char *name) {
  name_target (name);
  size_t text = add_text (tree, name);
  if (text == SIZE_MAX || records_add (markers, sizeof text, &text, 1) == SIZE_MAX)
    return out_of_memory (tree, name);
  return 0;
}

static int add_plain (struct tree *tree, const struct entry *entry, const char *name) {
  if (!strcmp (name, tree->into))
    /* A folder that is in use stays as it is. */
    return tree->is_shared ? 0 : add_root (tree, entry);
  const char *leaf;
  int parent = place_of (&tree->places, name, &leaf);
  if (parent < 0)
    return problem_errno (tree->problem, name, "make the folder of");
  const struct place place = { parent, leaf, name };
  if (entry->is_hard_link)
    return add_hard_link (tree, entry, &place);
  switch (entry->type) {
    case S_IFDIR: return add_folder (tree, entry, &place);
    case S_IFREG: return add_file (tree, entry, &place);
    default: return add_node (tree, entry, &place);
  }
}

static struct entry with_owner (const struct tree *tree, const struct entry *from) {
  struct entry entry = *from;
  if (tree->has_owner) {
    entry.uid = tree->uid;
    entry.gid = tree->gid;
  }
  return entry;
}

int add_entry (struct tree *tree, const struct entry *from) {
  const struct entry owned = with_owner (tree, from), *entry = &owned;
  char name[PATH_MAX];
  tree->entries++;
  if (check_entries (tree) < 0)
    return -1;
  if (!name_in_tree (tree, name, entry->name))
    return problem_put (tree->problem, BAD_ARCHIVE, entry->name, "Cannot unpack '%s': its name is too long", entry->name);
  switch (tree->marker ? name_kind (name) : NAME_PLAIN) {
    case NAME_PLAIN: return add_plain (tree, entry, name);
    case NAME_WHITEOUT: return add_marker (tree, &tree->whiteouts, name);
    case NAME_OPAQUE: return add_marker (tree, &tree->opaque, name);
    case NAME_IGNORED: return 0;
    default:
      return problem_put (tree->problem, BAD_ARCHIVE, entry->name, "Cannot unpack '%s': it removes nothing that has a name",
                          entry->name);
  }
}
