/* The ids that an ordinary user may give to users in his namespaces: subuid(5), subgid(5). */
#pragma once
#include <stddef.h>

/* The kernel takes 340 lines in a map, and no user has nearly as many. */
#define MAX_RANGES 64

struct range {
  unsigned long start, count;
};

struct subordinate_ids {
  struct range uids[MAX_RANGES], gids[MAX_RANGES];
  size_t uid_ranges, gid_ranges;
};

/* Refuses the start if the user has none. */
void find_subordinate_ids (struct subordinate_ids *ids);
