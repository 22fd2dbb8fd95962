#include "folders.h"
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/runtime_folder.h"
#include "refuse.h"

static void join (char out[PATH_MAX], const char *folder, const char *name) {
  if (snprintf (out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
    refuse ("the path '%s/%s' is too long", folder, name);
}

/* The value, if it is an absolute path: others are invalid (XDG Base Directory Specification). */
static const char *path_from (const char *variable) {
  const char *value = getenv (variable);
  return value && *value == '/' ? value : NULL;
}

static const char *home (void) {
  const char *set = path_from ("HOME");
  if (set)
    return set;
  struct passwd *user = getpwuid (getuid ());
  if (!user)
    refuse ("HOME is not set, and there is no user with the id %u; set HOME", getuid ());
  return user->pw_dir;
}

static void find_data (char data[PATH_MAX]) {
  const char *set = path_from ("XDG_DATA_HOME");
  char share[PATH_MAX];
  if (!set)
    join (share, home (), ".local/share");
  join (data, set ? set : share, "liker");
}

static void find_run (struct folders *folders) {
  char runtime[PATH_MAX];
  if (runtime_folder (runtime, getenv ("XDG_RUNTIME_DIR"))) {
    join (folders->run, runtime, "liker");
    return;
  }
  join (folders->run, folders->data, "run");
  folders->lacks_runtime = true;
}

/* The value of --run PATH or --run=PATH. */
static const char *run_option (char **arguments) {
  static const char option[] = "--run";
  const size_t length = sizeof option - 1;
  while (*arguments && strcmp (*arguments, "--") != 0)
    arguments++;
  for (; *arguments; arguments++) {
    if (strncmp (*arguments, option, length) != 0)
      continue;
    if ((*arguments)[length] == '=')
      return *arguments + length + 1;
    if ((*arguments)[length] == '\0')
      return arguments[1];
  }
  return NULL;
}

static void copy (char out[PATH_MAX], const char *path) {
  if (snprintf (out, PATH_MAX, "%s", path) >= PATH_MAX)
    refuse ("the path '%s' is too long", path);
}

void find_folders (struct folders *folders, char **arguments) {
  const char *data = getenv ("LIKER_ROOT"), *run = getenv ("LIKER_RUN");
  const char *option = run_option (arguments);
  if (data && *data)
    copy (folders->data, data);
  else
    find_data (folders->data);
  if (option || (run && *run))
    copy (folders->run, option ? option : run);
  else
    find_run (folders);
}
