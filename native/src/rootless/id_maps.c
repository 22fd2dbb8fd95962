#include "id_maps.h"
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "refuse.h"

static const char uid_program[] = "newuidmap", gid_program[] = "newgidmap";

static bool is_in_path (const char *program) {
  const char *path = getenv ("PATH");
  char buffer[4096];
  if (!path || snprintf (buffer, sizeof buffer, "%s", path) >= (int)sizeof buffer)
    return true; /* the attempt to run it will tell */
  for (char *rest = buffer, *folder; (folder = strsep (&rest, ":"));) {
    char file[4096 + 16];
    snprintf (file, sizeof file, "%s/%s", *folder ? folder : ".", program);
    if (access (file, X_OK) == 0)
      return true;
  }
  return false;
}

void require_map_programs (void) {
  bool uid = is_in_path (uid_program), gid = is_in_path (gid_program);
  if (!uid || !gid)
    refuse ("%s%s%s missing; run 'sudo apt-get install uidmap' (other systems: the package shadow-utils or shadow)",
            uid ? gid_program : uid_program, uid || gid ? "" : " and newgidmap", uid || gid ? " is" : " are");
}

static bool run (char **arguments) {
  pid_t pid;
  int status;
  int error = posix_spawnp (&pid, arguments[0], NULL, NULL, arguments, environ);
  if (error) {
    fprintf (stderr, "%s: %s\n", arguments[0], strerror (error));
    return false;
  }
  return RETRY (waitpid (pid, &status, 0)) == pid && WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

/* PROGRAM PID 0 OWN 1 1 START COUNT …, each following range after the one before. */
static bool write_map (const char *program, pid_t pid, unsigned own, const struct range *ranges, size_t count) {
  char words[3 * MAX_RANGES + 4][24];
  char *arguments[3 * MAX_RANGES + 6] = { (char *)program };
  size_t used = 0;
  unsigned long inside = 0;
  snprintf (words[used++], sizeof *words, "%d", pid);
  for (size_t i = 0; i <= count; i++) {
    struct range range = i == 0 ? (struct range){ own, 1 } : ranges[i - 1];
    snprintf (words[used++], sizeof *words, "%lu", inside);
    snprintf (words[used++], sizeof *words, "%lu", range.start);
    snprintf (words[used++], sizeof *words, "%lu", range.count);
    inside += range.count;
  }
  for (size_t i = 0; i < used; i++)
    arguments[i + 1] = words[i];
  return run (arguments);
}

bool write_maps (pid_t pid, const struct subordinate_ids *ids) {
  return write_map (uid_program, pid, getuid (), ids->uids, ids->uid_ranges) &&
         write_map (gid_program, pid, getgid (), ids->gids, ids->gid_ranges);
}
