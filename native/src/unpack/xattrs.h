/* Extended attributes of files and folders. */
#pragma once
#include "tree.h"

/* Sets those of the entry. */
int copy_xattrs (struct tree *tree, int fd, const char *name);

/* Puts those of the entry into the texts. -1 without memory. */
int keep_xattrs (struct tree *tree, size_t *first, size_t *count);
int restore_xattrs (struct tree *tree, int fd, size_t first, size_t count, const char *name);
