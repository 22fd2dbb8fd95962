#include "socket_path.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/runtime_folder.h"
#include "paths.h"

#define ROOTS_SOCKET "/run/liker/liker.sock"

static const char *variable (const char *name) {
  const char *value = getenv (name);
  return value && *value ? value : NULL;
}

static bool take_path (char path[SOCKET_PATH_ROOM], const char *folder, const char *name) {
  size_t length = (size_t)snprintf (path, SOCKET_PATH_ROOM, "%s%s", folder, name);
  return length < SOCKET_PATH_ROOM && is_clean_path (path, length);
}

/* An ordinary user's own, unless that was never started and he may use root's. */
static bool find_own (char path[SOCKET_PATH_ROOM]) {
  char runtime[PATH_MAX];
  if (!runtime_folder (runtime, getenv ("XDG_RUNTIME_DIR")) || !take_path (path, runtime, "/liker/liker.sock"))
    return false;
  if (access (path, F_OK) == 0 || access (ROOTS_SOCKET, W_OK) < 0)
    return true;
  return take_path (path, ROOTS_SOCKET, "");
}

bool find_socket (char path[SOCKET_PATH_ROOM], const char *host) {
  static const char scheme[] = "unix://";
  const char *run = variable ("LIKER_RUN");
  if (!host)
    host = variable ("LIKER_HOST");
  if (host)
    return !strncmp (host, scheme, sizeof scheme - 1) && take_path (path, host + sizeof scheme - 1, "");
  if (run)
    return take_path (path, run, "/liker.sock");
  return getuid () == 0 ? take_path (path, ROOTS_SOCKET, "") : find_own (path);
}
