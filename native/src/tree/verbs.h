/* What liker-tree does. */
#pragma once
#include <stdbool.h>
#include "base/container.h"
#include "edit.h"
#include "problem.h"

enum { INPUT = 0, ARCHIVE = 1, REPORT = 3 };

struct options {
  struct container container; /* pid 0: none */
  bool follow, descriptors, recursive, force;
  const char *name;
  struct write_options write;
  char **paths;
};

struct work {
  const struct options *options;
  int root, own_files;
  struct problem *problem;
};

/* The root that paths are resolved in, and rights. */
enum verb_kind {
  READS,       /* that of the container, to read */
  READS_WHOLE, /* a copy of it without what is mounted there, of a container alone */
  EDITS,       /* that of the container, to write, of a container alone */
};

struct verb {
  const char *name;
  int (*run) (const struct work *work); /* reports what it has done, or records a problem and returns -1 */
  enum verb_kind kind;
  int paths;
};

/* NULL: there is none of this name. */
const struct verb *find_verb (const char *name);

/* Folders in one another take a descriptor each. Records a problem and returns -1. */
int raise_files (struct problem *problem);
