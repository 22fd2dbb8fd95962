/* Extended attributes. */
#pragma once
#include "archive.h"

/* Adds those of an open file or folder to the next entry: capabilities, access lists, and user.*. */
int record_xattrs (struct archive *archive, int fd, const char *name);
