/* The files of the layer that is being unpacked, and what is still to be done to them. */
#pragma once
#include "aside.h"
#include "opaque.h"
#include "places.h"
#include "archive/records.h"
#include "tar.h"

struct tree {
  struct places places;
  struct tar *tar;
  struct marker *marker; /* of opaque folders; NULL: names of whiteouts are names like others */
  uint64_t entries, most_entries;
  uint64_t disk_bytes;
  uint64_t passed_bytes; /* of files whose contents were not in the archive */
  struct aside aside;
  struct problem *problem;
  /* For files that go into a folder of a tree that is in use, instead of a layer's own. */
  bool is_shared;
  char into[PATH_MAX];   /* that folder, as a clean name; empty: the root */
  bool has_owner;        /* of all entries, whatever the archive says: */
  uid_t uid;             /* (uid_t)-1: whoever makes them */
  gid_t gid;
  /* What can only be done at the end (finish.c), since entries come in any order. */
  struct records texts;     /* of char */
  struct records folders;   /* of struct late_folder */
  struct records links;     /* of struct late_link */
  struct records whiteouts; /* of size_t: the names in `texts` */
  struct records opaque;    /* the same */
};

/* Files are made in a folder while its mode, owner and default access list are not yet those of the archive. */
struct late_folder {
  size_t name, xattrs; /* in `texts` */
  size_t xattr_count;
  bool made; /* not there before: its blocks are counted once */
  mode_t mode;
  uid_t uid;
  gid_t gid;
  struct timespec mtime;
};

/* To an entry that has not come yet. */
struct late_link {
  size_t name, target;
};

/* The clean name (names.h) of what an entry calls so, below `into`; "" is that folder itself. False if it would be too long. */
bool name_in_tree (const struct tree *tree, char out[PATH_MAX], const char *name);

/* The place of a copy in the texts, with its NUL; SIZE_MAX without memory. */
size_t add_text (struct tree *tree, const char *text);

/* It moves when another is added. */
const char *text_at (const struct tree *tree, size_t place);

/* Records that there is no memory for this entry, and returns -1. */
int out_of_memory (struct tree *tree, const char *name);

/* -1 if there are more entries than allowed, with the folders that none of them lists. */
int check_entries (struct tree *tree);
