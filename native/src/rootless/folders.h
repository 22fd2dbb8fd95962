/* Where an ordinary user's likerd keeps its things: the same rules as common/user-folders.ts. */
#pragma once
#include <limits.h>
#include <stdbool.h>

struct folders {
  char data[PATH_MAX]; /* for --root */
  char run[PATH_MAX];  /* for --run */
  bool lacks_runtime;  /* run is in data, for want of a folder that goes with the boot */
};

/*
 * data: $XDG_DATA_HOME/liker, or ~/.local/share/liker. run: $XDG_RUNTIME_DIR/liker, or /run/user/UID/liker if the user
 * has that folder, or else the folder "run" in data. LIKER_ROOT and LIKER_RUN precede them, and --run
 * of likerd's arguments (those after "--") LIKER_RUN.
 */
void find_folders (struct folders *folders, char **arguments);
