/* Extended attributes. */
#pragma once
#include "archive.h"

/* Adds those of an open file or folder to the next entry, as far as archives have them. */
int record_xattrs (struct archive *archive, int fd, const char *name);
