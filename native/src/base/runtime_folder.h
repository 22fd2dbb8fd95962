/* An ordinary user's folder for sockets, by the XDG Base Directory Specification. common/user-folders.ts does likewise. */
#pragma once
#include <limits.h>
#include <stdbool.h>

/* `set`: the value of XDG_RUNTIME_DIR, or NULL. False: there is no such folder. */
bool runtime_folder (char path[PATH_MAX], const char *set);
