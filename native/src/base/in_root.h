/*
 * Paths inside a root directory: symbolic links and ".." stay inside it, magic links of procfs are refused.
 * All return an fd (O_CLOEXEC), or -1 and errno.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

enum in_root_kind { IN_ROOT_DIRECTORY = 1, IN_ROOT_FILE = 2 };

/* openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), or the walk where openat2 is missing or refused. */
int in_root_open (int root, const char *path, int flags);

/* The same written out, component by component (before Linux 5.6, or below a seccomp filter). */
int in_root_walk (int root, const char *path, int flags);

/*
 * The O_PATH fd of a path that is made, with its parents (0755), where it is missing. A link that dangles is followed
 * inside the root, and what it names is made.
 */
int in_root_make (int root, const char *path, enum in_root_kind kind, mode_t mode);

/* in_root_walk that makes missing parts. */
int in_root_walk_make (int root, const char *path, enum in_root_kind kind, mode_t mode);

/* The O_PATH fd of the path's parent, which is made if it is missing; `leaf` points into path. */
int in_root_parent (int root, const char *path, const char **leaf);

/* A path below `dir` that crosses no mount and no link of any kind (for private mounts of procfs). */
int beneath_open (int dir, const char *path, int flags);
