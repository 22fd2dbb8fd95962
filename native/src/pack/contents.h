/* Contents of regular files that go into an archive, with their holes. */
#pragma once
#include "tar_entry.h"

/* Describes the holes of the open file, if it has any, in the entry. */
int add_holes (struct tar_writer *writer, const struct tar_file *file);

/* Writes as many bytes as the entry says. */
int put_contents (struct tar_writer *writer, const struct tar_file *file);
