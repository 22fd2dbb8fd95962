/* Extended attributes of files that go into an archive. */
#pragma once
#include "tar_entry.h"

/* Adds those of the open file to the entry, in the order of their names. */
int add_attributes (struct tar_writer *writer, const struct tar_file *file);

/* Whether the file has this one; -1 and errno if that cannot be told. */
int has_attribute (int fd, const char *name);
