/* What all that mount share: the target, which is resolved once, to an fd, and the tree that is put there. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "../../include/plan.h"
#include "child.h"

/* How a tree of mounts that was cloned is to be. */
struct tree {
  bool recursive;
  uint32_t attributes; /* MOUNT_ATTR_* to set */
  bool top_only;       /* the attributes: not on what is mounted below */
  uint32_t propagation;
};

/* The O_PATH fd of a path in the new root, made where it is missing. -1 with a failure. */
int open_target (struct child *child, const char *target, enum plan_create create);

/* The same, to be made as a directory or a file like the tree. */
int open_target_of (struct child *child, const char *target, int tree);

/* The failure is that something is not there, or is not and cannot be made on a file system that is read-only. */
bool is_missing (const struct child *child);

/* Puts the tree on the target. Says ENOTDIR or EISDIR where only one of the two is a directory. */
int put_tree (struct child *child, int tree, int target, const char *name);

/* mount_setattr(2). 0, or -1 and errno. */
int set_tree (int tree, const struct tree *how);
