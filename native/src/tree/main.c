/*
 * liker-tree [--container PID:TIME] stat [--follow] PATH: says what is at the path
 * liker-tree [--container PID:TIME] list [--recursive] PATH: lists what is in a folder
 * liker-tree [--container PID:TIME] pack [--follow] [--name NAME] [--descriptors] PATH: packs what is there into a tar archive
 * liker-tree [--container PID:TIME] watch PATH: tells what happens to a file, or in a folder, until it is killed
 * liker-tree --container PID:TIME whole: packs its root, without what is mounted there
 * liker-tree --container PID:TIME mkdir [--mode MODE] [--recursive] PATH
 * liker-tree --container PID:TIME remove [--recursive] [--force] PATH
 * liker-tree --container PID:TIME rename PATH PATH
 * liker-tree --container PID:TIME write [--mode MODE] [--append] [--exclusive] PATH: writes a file
 * liker-tree changes UPPER LOWER...: lists what the upper folder of an overlay changes of the lower ones, the uppermost first
 *
 *   fd 0  what is written
 *   fd 1  the archive, the list, or the events; with --descriptors a Unix socket that liker-unpack --descriptors reads
 *   fd 3  the report, a line of JSON: what is there, or how much was packed or written, or the problem
 *
 * Paths are those of the container's root as a process of the container sees it, with the mounts there; without a container, the host's.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive/capabilities.h"
#include "base/cleanup.h"
#include "base/own_files.h"
#include "base/syscalls.h"
#include "changes.h"
#include "report.h"
#include "verbs.h"

#define RIGHT(name) (1ull << CAP_##name)

static void misused (void) {
  fprintf (stderr, "usage: liker-tree [--container PID:TIME] VERB [OPTION...] [PATH...]\n"
                   "       liker-tree changes UPPER LOWER...\n");
  exit (2);
}

static mode_t mode_of (const char *text) {
  char *end;
  unsigned long mode = strtoul (text, &end, 8);
  if (*text < '0' || *text > '7' || *end || mode > 07777)
    misused ();
  return (mode_t)mode;
}

static const struct verb *parse (int argc, char **argv, struct options *options) {
  static const struct option known[] = { { "container", required_argument, NULL, 'c' },
                                         { "follow", no_argument, NULL, 'f' },
                                         { "name", required_argument, NULL, 'n' },
                                         { "descriptors", no_argument, NULL, 'd' },
                                         { "recursive", no_argument, NULL, 'r' },
                                         { "force", no_argument, NULL, 'F' },
                                         { "mode", required_argument, NULL, 'm' },
                                         { "append", no_argument, NULL, 'a' },
                                         { "exclusive", no_argument, NULL, 'x' },
                                         { NULL, 0, NULL, 0 } };
  for (int found; (found = getopt_long (argc, argv, "", known, NULL)) != -1;)
    switch (found) {
      case 'c':
        if (parse_container (optarg, &options->container) < 0)
          misused ();
        break;
      case 'f': options->follow = true; break;
      case 'n': options->name = optarg; break;
      case 'd': options->descriptors = true; break;
      case 'r': options->recursive = true; break;
      case 'F': options->force = true; break;
      case 'm': options->write.mode = mode_of (optarg); break;
      case 'a': options->write.append = true; break;
      case 'x': options->write.exclusive = true; break;
      default: misused ();
    }
  const struct verb *verb = optind < argc ? find_verb (argv[optind++]) : NULL;
  if (!verb || argc - optind != verb->paths || !*options->name || (verb->kind != READS && !options->container.pid))
    misused ();
  options->paths = argv + optind;
  return verb;
}

/* What follows sees nothing but the container's files, and has no right but to use those. */
static int confine (int root, enum verb_kind kind, struct problem *problem) {
  const uint64_t rights = kind == EDITS ? RIGHT (DAC_OVERRIDE) | RIGHT (FOWNER) | RIGHT (FSETID) : RIGHT (DAC_READ_SEARCH);
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || fchdir (root) < 0 || chroot (".") < 0 || keep_capabilities (rights) < 0)
    return tree_problem_errno (problem, "/", "enter the root of the container");
  return 0;
}

static int open_root (const struct options *options, enum verb_kind kind, struct problem *problem) {
  static int (*const enter[]) (const struct container *, const char **) = {
    [READS] = enter_container,
    [READS_WHOLE] = enter_container_root,
    [EDITS] = enter_container_mounts,
  };
  const char *call;
  if (!options->container.pid) {
    int host = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return host < 0 ? tree_problem_errno (problem, "/", "open") : host;
  }
  cleanup_fd int root = enter[kind](&options->container, &call);
  if (root < 0)
    return tree_problem_errno (problem, call, "enter the container by");
  return confine (root, kind, problem) < 0 ? -1 : steal_fd (&root);
}

static int run (int argc, char **argv, struct problem *problem) {
  struct options options = { .name = "." };
  const struct verb *verb = parse (argc, argv, &options);
  int own_files = open_own_files ();
  if (own_files < 0)
    return tree_problem_errno (problem, "/proc/self/fd", "open");
  int root = open_root (&options, verb->kind, problem);
  if (root < 0)
    return -1;
  umask (0);
  const struct work work = { &options, root, own_files, problem };
  return verb->run (&work);
}

/* The folders of the host are arguments; nothing in them is followed. */
static int list_changes (char **folders, size_t count, struct problem *problem) {
  static int opened[1024];
  if (count < 1 || count > sizeof opened / sizeof *opened)
    return tree_problem (problem, "", "Cannot list changes: there are no layers, or too many");
  for (size_t i = 0; i < count; i++)
    if ((opened[i] = open (folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
      return tree_problem_errno (problem, folders[i], "open");
  if (raise_files (problem) < 0)
    return -1;
  /* CAP_SYS_ADMIN shows trusted.* attributes. */
  if (keep_capabilities (RIGHT (DAC_READ_SEARCH) | RIGHT (SYS_ADMIN)) < 0)
    return tree_problem_errno (problem, "", "give up rights to list changes");
  if (put_changes_of (opened[0], opened + 1, count - 1, ARCHIVE, problem) < 0)
    return -1;
  report_tree_packed (REPORT, 0, 0);
  return 0;
}

int main (int argc, char **argv) {
  static struct problem problem;
  signal (SIGPIPE, SIG_IGN);
  sys_close_range (REPORT + 1, ~0u, 0);
  bool changes = argc > 2 && !strcmp (argv[1], "changes");
  int result = changes ? list_changes (argv + 2, (size_t)argc - 2, &problem) : run (argc, argv, &problem);
  if (result < 0)
    report_tree_problem (REPORT, &problem);
  return result < 0 ? 1 : 0;
}
