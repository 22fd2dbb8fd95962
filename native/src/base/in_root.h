/*
 * Paths inside a root directory: symbolic links and ".." stay inside it, and magic links of procfs are refused.
 * All return an fd (O_CLOEXEC), or -1 and errno.
 */
#pragma once
#include <sys/types.h>
#include "walk.h"

/* openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), or in_root_walk if openat2 is missing or refused. */
int in_root_open (int root, const char *path, int flags);

/*
 * The O_PATH fd of a path. A missing path is made, with its parents (0755). A dangling link is followed inside the root,
 * and its target is made.
 */
int in_root_make (int root, const char *path, enum in_root_kind kind, mode_t mode);

/* The O_PATH fd of the path's parent, which is made if it is missing; `leaf` points into path. */
int in_root_parent (int root, const char *path, const char **leaf);

/* A path below `dir` that crosses no mount and no link of any kind (for private mounts of procfs). */
int beneath_open (int dir, const char *path, int flags);
