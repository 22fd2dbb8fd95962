#include "short_commands.h"
#include <stddef.h>
#include <string.h>
#include "likerctl-table.h"

static const char *const names[] = { SHORT_COMMANDS };

/* Whether the name is the first word, or the first two. */
static bool begins_with (char **words, const char *name) {
  size_t length = strcspn (name, " ");
  if (strlen (words[0]) != length || memcmp (words[0], name, length) != 0)
    return false;
  return !name[length] || (words[1] && !strcmp (words[1], name + length + 1));
}

bool is_short_command (char **words) {
  for (size_t i = 0; *words && i < sizeof names / sizeof *names; i++)
    if (begins_with (words, names[i]))
      return true;
  return false;
}
