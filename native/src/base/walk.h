/*
 * What openat2(RESOLVE_IN_ROOT) does, component by component: for kernels before Linux 5.6, for seccomp filters that do not
 * know openat2, and for paths whose missing parts are to be made. O_CLOEXEC; -1 and errno.
 */
#pragma once
#include <sys/types.h>

enum in_root_kind { IN_ROOT_DIRECTORY = 1, IN_ROOT_FILE = 2 };

int in_root_walk (int root, const char *path, int flags);

/* The O_PATH fd of a path whose missing parts it makes. */
int in_root_walk_make (int root, const char *path, enum in_root_kind kind, mode_t mode);
