/* The names of entries. */
#pragma once
#include <limits.h>
#include <stdbool.h>

/*
 * The name as a path below the root of the layer, without "." and "..", slashes at its ends, and empty components: "" is the root.
 * ".." takes back the component before it, and is nothing at the root. False if the result would be longer than a path can be.
 */
bool clean_name (char out[PATH_MAX], const char *name);

enum name_kind {
  NAME_PLAIN,
  NAME_WHITEOUT, /* of the lower layers' entry with this name, less ".wh." */
  NAME_OPAQUE,   /* none of the lower layers' entries in this folder is to be seen */
  NAME_IGNORED,  /* aufs' own files */
  NAME_BAD
};

/* What a clean name means by the rules of the image format (image-spec, layer.md, "Whiteouts"). */
enum name_kind name_kind (const char *clean);

/* The last component. */
const char *leaf_of (const char *clean);

/* Changes the name of a whiteout to that of the entry which it removes; that of an opaque marker to that of its folder. */
void name_target (char *clean);
