/* Changes files. Links in paths stay inside the root; what is mounted is no file that could be removed or renamed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "problem.h"

/* All record a problem and return -1. `recursive`: with missing parents, and it is no error if the folder is there. */
int make_folder (int root, const char *path, mode_t mode, bool recursive, struct problem *problem);

/* A link at the path itself is removed. `recursive`: a folder goes with all that is in it. `force`: it is no error if nothing is there. */
int remove_file (int root, const char *path, bool recursive, bool force, struct problem *problem);

int rename_file (int root, const char *from, const char *to, struct problem *problem);

struct write_options {
  mode_t mode; /* of a new file */
  bool append, exclusive;
};

/* Writes what comes from `in` to the file at the path, which is made if it is missing. A link is followed. Counts the bytes. */
int write_file (int root, int own_files, const char *path, const struct write_options *options, int in, uint64_t *bytes, struct problem *problem);
