/* The last step. The program is looked up like in a shell, in the PATH of its own environment. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "base/syscalls.h"
#include "base/text.h"
#include "step.h"
#include "helper.h"
#include "interpreter.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *search_path (char *const *envp) {
  for (; *envp; envp++)
    if (!strncmp (*envp, "PATH=", 5))
      return *envp + 5;
  return default_path;
}

/* "folder/name"; an empty folder is the current one. False if it is too long. */
static bool join_path (char out[PATH_MAX], const char *folder, size_t length, const char *name) {
  size_t name_length = strlen (name);
  if (length + name_length + 2 > PATH_MAX)
    return false;
  memcpy (out, folder, length);
  if (length)
    out[length++] = '/';
  memcpy (out + length, name, name_length + 1);
  return true;
}

/* Tries every folder of PATH. Returns the error to report: EACCES if a program was found but refused. */
static int exec_by_path (const struct launch *launch, char path[PATH_MAX]) {
  const char *name = launch->argv[0];
  bool denied = false;
  const char *at = search_path (launch->envp);
  for (;;) {
    size_t length = strcspn (at, ":");
    if (join_path (path, at, length, name)) {
      execve (path, launch->argv, launch->envp);
      int error = errno;
      bool absent = error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
      if (error == EACCES)
        denied = true;
      else if (!absent || (error == ENOENT && access (path, X_OK) == 0)) /* it exists, its interpreter does not */
        return error;
    }
    if (!at[length])
      break;
    at += length + 1;
  }
  path[0] = '\0';
  return denied ? EACCES : ENOENT;
}

/* Signals have their default actions, and from here on none is blocked (T32). */
static void empty_mask (void) {
  const uint64_t none = 0;
  sys_sigprocmask (SIG_SETMASK, &none, NULL);
}

/* As much of a path as fits into a report. */
static char *put_part (char *out, const char *path) {
  size_t length = strnlen (path, 100);
  memcpy (out, path, length);
  return out + length;
}

/* The program at `path` exists. start-error.ts looks for this text. */
static int fail_interpreter (struct child *child, const char *path) {
  char object[256], name[PATH_MAX];
  char *end = put_text (put_part (object, path), " (its interpreter ");
  put_text (find_missing_interpreter (path, name) ? put_part (end, name) : end, " is missing)");
  return fail_with (child, ENOENT, "execve", object);
}

/* The program leads a session of its own, with its terminal if it has one. */
static int begin_session (struct child *child) {
  if (setsid () < 0)
    return fail (child, "setsid", "");
  if (child->launch->tty && ioctl (0, TIOCSCTTY, 0) < 0)
    return fail (child, "ioctl(TIOCSCTTY)", "terminal");
  return 0;
}

int step_exec (struct child *child, struct cursor *fields) {
  const struct launch *launch = child->launch;
  const char *name = launch->argv[0];
  char path[PATH_MAX];
  (void)fields; /* launch_read has read them before clone */
  if (!child->umask_set)
    umask (022);
  if (child->enters_last)
    enter_last (child);
  if (begin_session (child) < 0)
    return -1;
  if (prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
    return fail (child, "prctl", "");
  if (sync_send (child->sync, SYNC_EXEC, 0) < 0)
    return fail (child, "write", "sync");
  empty_mask ();
  int error;
  if (strchr (name, '/')) {
    execve (name, launch->argv, launch->envp);
    error = errno;
    path[0] = '\0';
    if (error == ENOENT && access (name, F_OK) == 0)
      join_path (path, "", 0, name);
  } else
    error = *name ? exec_by_path (launch, path) : ENOENT;
  if (error == ENOENT && *name && path[0])
    return fail_interpreter (child, path);
  return fail_with (child, error, "execve", name);
}
