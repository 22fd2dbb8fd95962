/*
 * Reads passwd(5) and group(5) through a small buffer: lines may have any length, and nothing is allocated. A line
 * with wrong syntax is skipped. The functions return 1, 0 if nothing was found, or -1 and errno: EFBIG for a
 * file that is too large.
 */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNT_FIELD 256 /* a longer name or number matches nothing */

struct account {
  uint32_t uid, gid;
  char name[ACCOUNT_FIELD];
  char home[PATH_MAX];
};

/* A decimal uid or gid: one to ten digits, and not 2^32 - 1, which means "none" to the kernel. False for any other text. */
bool parse_id (const char *text, uint32_t *id);

/* Opens a regular file inside a root, which no link leaves. -1 and errno: EINVAL if it is not a regular file. */
int accounts_open (int root, const char *path);

/* The first entry of passwd with this name or, when `name` is NULL, with this uid. */
int passwd_find (int file, const char *name, uint32_t uid, struct account *found);

/* The first entry of group with this name. */
int group_find (int file, const char *name, uint32_t *gid);

/* Up to `most` gids, in the order in which they were added. A long list may contain one twice. */
struct gids {
  uint32_t *list;
  size_t count, most;
};

/* False if there is no room. */
bool gids_add (struct gids *gids, uint32_t gid);

/* Adds the groups that have `member`. -1 and E2BIG if there is no room for all. */
int groups_of (int file, const char *member, struct gids *gids);
