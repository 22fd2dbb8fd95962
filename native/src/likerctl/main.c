/*
 * likerctl. Bun starts in a third of the time of Node.js, but runs only commands that ask and print.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "leave.h"
#include "short_commands.h"
#include "end.h"

/* Whether LIKER_RUNTIME lets anything but Node.js run a command. */
static bool is_free (void) {
  const char *runtime = getenv ("LIKER_RUNTIME");
  if (!runtime || !*runtime || !strcmp (runtime, "bun"))
    return true;
  if (strcmp (runtime, "node") != 0)
    end_with_error ("Cannot use LIKER_RUNTIME=%s: give bun or node", runtime);
  return false;
}

int main (int argc, char **argv) {
  leave_prepare (argv);
  /* A certificate bundle or debugger option in the environment would slow down or change every start. */
  unsetenv ("NODE_EXTRA_CA_CERTS");
  unsetenv ("NODE_OPTIONS");
  unsetenv ("LIKER_HANDED_OVER");
  if (is_free () && argc > 1 && is_short_command (argv + 1))
    leave_to_bun ();
  leave (NULL);
}
