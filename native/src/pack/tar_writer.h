/* Writes files into a tar archive in the pax format. */
#pragma once
#include "tar_entry.h"

/* The sink is the archive's. */
int tar_writer_begin (struct tar_writer *writer, struct sink *sink);

/*
 * A file with its contents, its attributes and its place among hard links. Of a file that changes meanwhile it writes as many bytes as it
 * had: what is missing is zeros.
 */
int tar_put (struct tar_writer *writer, const struct tar_file *file);

/* The end of the archive. */
int tar_writer_end (struct tar_writer *writer);
