/*
 * liker-rootless PROGRAM ARG… -- SCRIPT OPTION…: executes likerd for an ordinary user, in a user namespace in which he is root.
 * A process with threads cannot enter one (unshare(2), setns(2)), and Node.js has threads from its start. As the process stays the
 * same, its pid, signals, descriptors, parent and exit status are likerd's.
 *
 * liker-rootless --hold FILE: holds the namespaces that it is started in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "folders.h"
#include "holder.h"
#include "namespaces.h"
#include "refuse.h"

/* These need no namespaces, and are for whoever lacks what those need. */
static bool only_asks (char **arguments) {
  for (; *arguments; arguments++)
    if (!strcmp (*arguments, "--help") || !strcmp (*arguments, "--version"))
      return true;
  return false;
}

/* likerd starts this program again to hold the namespaces. */
static void tell_path (void) {
  char path[PATH_MAX];
  ssize_t length = readlink ("/proc/self/exe", path, sizeof path - 1);
  if (length < 0)
    refuse ("/proc/self/exe cannot be read: %s", strerror (errno));
  path[length] = '\0';
  setenv ("LIKER_ROOTLESS", path, 1);
}

static void enter (const struct folders *folders) {
  if (!join_held_namespaces (folders->run))
    enter_new_namespaces ();
  tell_path ();
  if (folders->lacks_runtime)
    fprintf (stderr, "likerd: the user has neither an XDG_RUNTIME_DIR nor a /run/user/UID: the run folder is %s\n",
             folders->run);
}

int main (int argc, char **argv) {
  struct folders folders = { 0 };
  if (argc == 3 && !strcmp (argv[1], "--hold")) {
    hold_namespaces (argv[2]);
    return 1;
  }
  if (argc < 2)
    refuse ("liker-rootless executes a program: give it one");
  find_folders (&folders, argv + 1);
  if (setenv ("LIKER_ROOT", folders.data, 1) < 0 || setenv ("LIKER_RUN", folders.run, 1) < 0)
    refuse ("%s", strerror (errno));
  if (!only_asks (argv + 1))
    enter (&folders);
  execv (argv[1], argv + 1);
  refuse ("'%s' cannot be executed: %s", argv[1], strerror (errno));
}
