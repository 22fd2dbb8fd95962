/* The contents of files. */
#pragma once
#include "archive.h"

/* The headers and the contents of a file. Holes are kept in files of 64 KiB and more: smaller ones are a block, or a few, of zeros. */
int pack_content (struct archive *archive, int fd, const struct stat *st, const char *name);
