#include "runtime_folder.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where pam_systemd did not set XDG_RUNTIME_DIR (su -, cron), its folder may be there. */
static bool is_own_folder (const char *path) {
  struct stat st;
  return lstat (path, &st) == 0 && S_ISDIR (st.st_mode) && st.st_uid == getuid ();
}

/* The specification excludes relative paths, and the folder of whoever became this user (su). */
static bool is_usable (const char *path) {
  struct stat st;
  return path && *path == '/' && (stat (path, &st) < 0 || st.st_uid == getuid ());
}

bool runtime_folder (char path[PATH_MAX], const char *set) {
  if (is_usable (set))
    return snprintf (path, PATH_MAX, "%s", set) < PATH_MAX;
  snprintf (path, PATH_MAX, "/run/user/%u", getuid ());
  return is_own_folder (path);
}
