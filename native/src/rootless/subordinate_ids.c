#include "subordinate_ids.h"
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/accounts.h"
#include "base/cleanup.h"
#include "refuse.h"

static const char uid_file[] = "/etc/subuid", gid_file[] = "/etc/subgid";

/* What useradd gives to a user, from where on it gives (login.defs(5), SUB_UID_MIN, SUB_UID_COUNT). */
#define FIRST_ID 100000ul
#define ID_COUNT 65536ul

/* Reads "OWNER:START:COUNT", with ids that the kernel has. newuidmap(1) ignores any other line, too. */
static bool parse (char *line, char **owner, struct range *range) {
  uint32_t first, count;
  line[strcspn (line, "\n")] = '\0';
  *owner = strsep (&line, ":");
  const char *start = strsep (&line, ":");
  if (!line || !parse_id (start, &first) || !parse_id (line, &count) || count == 0 || count > UINT32_MAX - first)
    return false;
  *range = (struct range){ first, count };
  return true;
}

/* The ranges of the user in the file. `free_from` is raised to the first id after all ranges in it. */
static size_t read_ranges (const char *file, const char *name, struct range ranges[MAX_RANGES], unsigned long *free_from) {
  char *line cleanup_free = NULL;
  size_t size = 0, found = 0;
  char number[24];
  snprintf (number, sizeof number, "%u", getuid ());
  FILE *stream = fopen (file, "re");
  if (!stream)
    return 0;
  while (getline (&line, &size, stream) >= 0) {
    char *owner;
    struct range range;
    if (!parse (line, &owner, &range))
      continue;
    if (range.start + range.count > *free_from)
      *free_from = range.start + range.count;
    if ((!strcmp (owner, name) || !strcmp (owner, number)) && found < MAX_RANGES)
      ranges[found++] = range;
  }
  fclose (stream);
  return found;
}

void find_subordinate_ids (struct subordinate_ids *ids) {
  char number[24];
  snprintf (number, sizeof number, "%u", getuid ());
  const struct passwd *user = getpwuid (getuid ());
  const char *name = user ? user->pw_name : number;
  unsigned long first = FIRST_ID;
  ids->uid_ranges = read_ranges (uid_file, name, ids->uids, &first);
  ids->gid_ranges = read_ranges (gid_file, name, ids->gids, &first);
  const unsigned long last = first + ID_COUNT - 1;
  if (!ids->uid_ranges && !ids->gid_ranges)
    refuse ("user '%s' has no subordinate ids in %s and %s; "
            "run 'sudo usermod --add-subuids %lu-%lu --add-subgids %lu-%lu %s'",
            name, uid_file, gid_file, first, last, first, last, name);
  if (!ids->uid_ranges)
    refuse ("user '%s' has no subordinate user ids in %s; run 'sudo usermod --add-subuids %lu-%lu %s'", name,
            uid_file, first, last, name);
  if (!ids->gid_ranges)
    refuse ("user '%s' has no subordinate group ids in %s; run 'sudo usermod --add-subgids %lu-%lu %s'", name,
            gid_file, first, last, name);
}
