/*
 * passwd and group files of any bytes: the reader must find exactly what a simple parser of the whole text finds.
 * Input: u8 n, n bytes of the name to find, the file.
 */
#include "base/accounts.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

#define MOST_FIELDS 8

/* A line that is split at its colons; the last field has the rest. */
struct fields {
  char *at[MOST_FIELDS];
  size_t count;
};

/* Splits the line at `*at` and moves on. Without fields if it has a NUL or no usable name. */
static struct fields split (char **at, char *end) {
  struct fields fields = { .count = 0 };
  char *line = *at, *stop = memchr (line, '\n', (size_t)(end - line));
  if (!stop)
    stop = end;
  *at = stop + 1;
  bool bad = memchr (line, '\0', (size_t)(stop - line));
  *stop = '\0';
  for (char *field; fields.count < MOST_FIELDS && (field = strsep (&line, ":"));)
    fields.at[fields.count++] = field;
  const char *name = fields.at[0];
  if (bad || !*name || *name == '#' || strlen (name) >= ACCOUNT_FIELD)
    fields.count = 0;
  return fields;
}

static bool plain_passwd (char *text, size_t size, const char *name, uint32_t wanted, struct account *found) {
  for (char *at = text; at < text + size;) {
    struct fields fields = split (&at, text + size);
    if (fields.count < 6 || !parse_id (fields.at[2], &found->uid) || !parse_id (fields.at[3], &found->gid))
      continue;
    if (name ? strcmp (fields.at[0], name) : found->uid != wanted)
      continue;
    strcpy (found->name, fields.at[0]);
    strcpy (found->home, strlen (fields.at[5]) < PATH_MAX ? fields.at[5] : "");
    return true;
  }
  return false;
}

static bool is_member (char *list, const char *name) {
  for (char *member; (member = strsep (&list, ","));) {
    member += strspn (member, " \t\r");
    for (size_t length = strlen (member); length && strchr (" \t\r", member[length - 1]);)
      member[--length] = '\0';
    if (!strcmp (member, name) && strlen (name) < ACCOUNT_FIELD)
      return true;
  }
  return false;
}

/* The gid of the group `name`, and the groups that have it as a member. */
static bool plain_group (char *text, size_t size, const char *name, uint32_t *gid, struct gids *gids) {
  bool found = false;
  for (char *at = text; at < text + size;) {
    uint32_t here;
    struct fields fields = split (&at, text + size);
    if (fields.count < 3 || !parse_id (fields.at[2], &here))
      continue;
    if (!found && !strcmp (fields.at[0], name)) {
      *gid = here;
      found = true;
    }
    if (fields.count > 3 && is_member (fields.at[3], name))
      gids_add (gids, here);
  }
  return found;
}

static char *copy_of (const uint8_t *data, size_t size) {
  char *text = malloc (size + 1);
  memcpy (text, data, size);
  text[size] = '\0';
  return text;
}

static void compare_passwd (int file, const uint8_t *data, size_t size, const char *name, uint32_t uid) {
  struct account found, plain;
  char *text = copy_of (data, size);
  int result = passwd_find (file, name, uid, &found);
  require (result == plain_passwd (text, size, name, uid, &plain), "passwd_find finds what is there");
  if (result > 0) {
    require (found.uid == plain.uid && found.gid == plain.gid, "with its ids");
    require (!strcmp (found.name, plain.name) && !strcmp (found.home, plain.home), "with its name and home");
  }
  free (text);
}

static void compare_group (int file, const uint8_t *data, size_t size, const char *name) {
  uint32_t gid = 0, plain_gid = 0, lists[2][64];
  struct gids gids = { lists[0], 0, 64 }, plain = { lists[1], 0, 64 };
  char *text = copy_of (data, size);
  bool found = plain_group (text, size, name, &plain_gid, &plain);
  require (group_find (file, name, &gid) == found && (!found || gid == plain_gid), "group_find finds what is there");
  int result = groups_of (file, name, &gids);
  require (result == 1 || (plain.count == plain.most && errno == E2BIG), "groups_of reads to the end");
  require (gids.count == plain.count && !memcmp (lists[0], lists[1], gids.count * sizeof (uint32_t)), "and finds the groups");
  free (text);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  char *name = copy_of (data + 1, data[0]);
  const uint8_t *file = data + 1 + data[0];
  size_t file_size = (size_t)(data + size - file);
  uint32_t uid = 0;
  parse_id (name, &uid);
  kernel_begin (NULL, 0);
  kernel_file (file, file_size);
  int fd = kernel_fd ();
  if (*name) {
    compare_passwd (fd, file, file_size, name, 0);
    compare_group (fd, file, file_size, name);
  }
  compare_passwd (fd, file, file_size, NULL, uid);
  free (name);
  return 0;
}
