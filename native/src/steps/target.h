/* Shared by all steps that mount: the target, resolved once to an fd, and the tree that is mounted on it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "../../include/plan.h"
#include "child.h"

/* The attributes and propagation of a cloned tree of mounts. */
struct tree {
  bool recursive;
  uint32_t attributes; /* MOUNT_ATTR_* to set */
  bool top_only;       /* the attributes: not on what is mounted below */
  uint32_t propagation;
};

/* The O_PATH fd of a path in the new root, made where it is missing. -1 with a failure. */
int open_target (struct child *child, const char *target, enum plan_create create);

/* The same; if missing, it is made as a directory or a file like the tree. */
int open_target_of (struct child *child, const char *target, int tree);

/* The failure: something is missing, or it is missing and cannot be made on a read-only file system. */
bool is_missing (const struct child *child);

/* Mounts the tree on the target. Fails with ENOTDIR or EISDIR if only one of the two is a directory. */
int put_tree (struct child *child, int tree, int target, const char *name);

/* mount_setattr(2). 0, or -1 and errno. */
int set_tree (int tree, const struct tree *how);
