/* The contents of files. */
#pragma once
#include "archive.h"

/* The headers and the contents of a file; its holes are zeros, unless the contents are passed. */
int pack_content (struct archive *archive, int fd, const struct stat *st, const char *name);
