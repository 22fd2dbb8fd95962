/* For all steps that mount. A target is resolved once, to an fd, and the tree is mounted on that fd (T8, T9). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "child.h"
#include "include/plan.h"

/* The attributes and propagation of a cloned tree of mounts. */
struct tree {
  bool recursive;
  uint32_t attributes; /* MOUNT_ATTR_* to set */
  bool top_only;       /* set the attributes on the top mount only */
  bool slave;          /* first make all of it a slave: what is mounted in it later does not appear on the host */
  uint32_t propagation;
  int map;             /* a user namespace, for the owners of all its files; -1: they are shown as on the disk */
};

/* The O_PATH fd of a path in the new root, which is made if it is missing. -1 with a failure. */
int open_target (struct child *child, const char *target, enum plan_create create);

/* Likewise; a missing target is made as a directory or a file, to match the tree. */
int open_target_of (struct child *child, const char *target, int tree);

/* True if the failure says that the target is missing, or that it cannot be made on a read-only file system. */
bool is_missing (const struct child *child);

/* Mounts the tree on the target, which `name` names in an error. ENOTDIR or EISDIR if only one of the two is a directory. */
int put_tree (struct child *child, int tree, int target, const char *name);

/* A clone of the tree at `source`, a path of the host, set like that. -1 with a failure; `name` names the tree in it. */
int clone_tree (struct child *child, const char *source, const struct tree *how, const char *name);

/* Likewise, of a path below the source that crosses no link, and whose missing folders are an error. */
int clone_tree_below (struct child *child, const char *source, const char *path, const struct tree *how);

struct option {
  const char *key, *value;
};

/* A tree with a new tmpfs. `options` end with a NULL key, `attributes` are MOUNT_ATTR_*. -1 with a failure. */
int new_tmpfs (struct child *child, const struct option *options, unsigned attributes);

/* The fields of a step that make a tree. 0, or -1 with a failure. */
int read_tree (struct child *child, struct cursor *fields, struct tree *how);

/* mount_setattr(2). 0, or -1 and errno. */
int set_tree (int tree, const struct tree *how);
