/*
 * likerctl. This program runs the sessions of common `run` and `exec` lines, and leaves everything else to the client in TypeScript: short
 * commands on Bun, which starts in a third of the time of Node.js.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "end.h"
#include "leave.h"
#include "request.h"
#include "session.h"
#include "short_commands.h"

/* Whether LIKER_RUNTIME lets anything but Node.js run a command. */
static bool is_free (void) {
  const char *runtime = getenv ("LIKER_RUNTIME");
  if (!runtime || !*runtime || !strcmp (runtime, "bun"))
    return true;
  if (strcmp (runtime, "node") != 0)
    end_with_error ("Cannot use LIKER_RUNTIME=%s: give bun or node", runtime);
  return false;
}

/* Whether the variable is unset, empty or the default. */
static bool is_default (const char *name, const char *value) {
  const char *set = getenv (name);
  return !set || !*set || !strcmp (set, value);
}

/* Whether nothing but the command line says how a session is to be. */
static bool suits_session (void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      return false;
  return is_default ("LIKER_WIRE", "ttrpc") && is_default ("LIKER_BYTES", "direct") && !getenv ("LIKER_DETACH_KEYS");
}

int main (int argc, char **argv) {
  leave_prepare (argv);
  /* A certificate bundle or debugger option in the environment would slow down or change every start. */
  unsetenv ("NODE_EXTRA_CA_CERTS");
  unsetenv ("NODE_OPTIONS");
  unsetenv ("LIKER_HANDED_OVER");
  struct session_plan plan;
  if (!is_free () || argc < 2)
    leave (NULL);
  if (is_short_command (argv + 1))
    leave_to_bun ();
  else if (suits_session () && read_request (argv + 1, &plan))
    return session_run (&plan);
  leave (NULL);
}
