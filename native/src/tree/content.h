/* The contents of files. */
#pragma once
#include "archive.h"

/* The headers and the contents of a file. What is a hole in it is none in the archive, unless that would save nothing. */
int pack_content (struct archive *archive, int fd, const struct stat *st, const char *name);
