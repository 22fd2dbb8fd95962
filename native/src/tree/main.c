/*
 * liker-tree [--container PID:TIME] stat [--follow] PATH: says what is at the path
 * liker-tree [--container PID:TIME] list [--recursive] PATH: lists what is in a folder
 * liker-tree --container PID:TIME whole: packs its root, without what is mounted there
 * liker-tree [--container PID:TIME] pack [--follow] [--name NAME] [--descriptors] PATH: packs what is there into a tar archive
 * liker-tree changes UPPER LOWER...: lists what the upper folder of an overlay changes of the lower ones, the uppermost first
 *
 *   fd 1  the archive, or the list; with --descriptors a Unix socket that liker-unpack --descriptors reads
 *   fd 3  the report, a line of JSON: what is there, or how much was packed, or the problem
 *
 * Paths are those of the container's root as a process of the container sees it, with the mounts there; without a container, the host's.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "archive/capabilities.h"
#include "base/cleanup.h"
#include "base/container.h"
#include "base/in_root.h"
#include "base/own_files.h"
#include "base/syscalls.h"
#include "changes.h"
#include "list.h"
#include "pack.h"
#include "report.h"

enum { ARCHIVE = 1, REPORT = 3 };

#define READS (1ull << CAP_DAC_READ_SEARCH)
/* CAP_SYS_ADMIN shows trusted.* attributes. */
#define LOOKS_AT_MARKS (1ull << CAP_SYS_ADMIN)
#define MOST_FILES 65536

struct options {
  struct container container; /* pid 0: none */
  bool follow, descriptors, recursive;
  const char *verb, *path, *name;
};

static void misused (void) {
  fprintf (stderr, "usage: liker-tree [--container PID:TIME] stat|list|pack [--follow] [--recursive] [--name NAME] [--descriptors] PATH\n"
                   "       liker-tree --container PID:TIME whole\n");
  exit (2);
}

static bool is_whole (const struct options *options) { return !strcmp (options->verb, "whole"); }

static struct options parse (int argc, char **argv) {
  static const struct option known[] = { { "container", required_argument, NULL, 'c' },
                                         { "follow", no_argument, NULL, 'f' },
                                         { "name", required_argument, NULL, 'n' },
                                         { "descriptors", no_argument, NULL, 'd' },
                                         { "recursive", no_argument, NULL, 'r' },
                                         { NULL, 0, NULL, 0 } };
  struct options options = { .name = "." };
  for (int found; (found = getopt_long (argc, argv, "", known, NULL)) != -1;)
    switch (found) {
      case 'c':
        if (parse_container (optarg, &options.container) < 0)
          misused ();
        break;
      case 'f': options.follow = true; break;
      case 'n': options.name = optarg; break;
      case 'd': options.descriptors = true; break;
      case 'r': options.recursive = true; break;
      default: misused ();
    }
  if (optind == argc || !*options.name)
    misused ();
  options.verb = argv[optind++];
  options.path = is_whole (&options) ? "/" : argv[optind++];
  if (is_whole (&options))
    options.name = "";
  if (optind != argc || !options.path || (is_whole (&options) && !options.container.pid))
    misused ();
  return options;
}

/* What follows sees nothing but the container's files, and has no right but to read them. */
static int confine (int root, struct problem *problem) {
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || fchdir (root) < 0 || chroot (".") < 0 || keep_capabilities (READS) < 0)
    return tree_problem_errno (problem, "/", "enter the root of the container");
  return 0;
}

static int open_root (const struct options *options, struct problem *problem) {
  const char *call;
  if (!options->container.pid) {
    int host = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return host < 0 ? tree_problem_errno (problem, "/", "open") : host;
  }
  cleanup_fd int root = is_whole (options) ? enter_container_root (&options->container, &call) : enter_container (&options->container, &call);
  if (root < 0)
    return tree_problem_errno (problem, call, "enter the container by");
  return confine (root, problem) < 0 ? -1 : steal_fd (&root);
}

static int tell_stat (int root, const struct options *options, struct problem *problem) {
  char target[PATH_MAX];
  struct stat st;
  cleanup_fd int node = in_root_open (root, options->path, O_PATH | (options->follow ? 0 : O_NOFOLLOW));
  if (node < 0 || fstat (node, &st) < 0)
    return tree_problem_errno (problem, options->path, "find");
  if (read_target (node, &st, target) < 0)
    return tree_problem_errno (problem, options->path, "read");
  report_stat (REPORT, &st, target);
  return 0;
}

/* Folders in one another take a descriptor each. */
static int raise_files (struct problem *problem) {
  struct rlimit most;
  if (getrlimit (RLIMIT_NOFILE, &most) < 0)
    return tree_problem_errno (problem, "", "read the limit of open files");
  most.rlim_cur = most.rlim_max < MOST_FILES ? most.rlim_max : MOST_FILES;
  return setrlimit (RLIMIT_NOFILE, &most) < 0 ? tree_problem_errno (problem, "", "raise the limit of open files") : 0;
}

static int tell_list (int root, const struct options *options, struct problem *problem) {
  if (raise_files (problem) < 0 || list (root, options->path, options->recursive, ARCHIVE, problem) < 0)
    return -1;
  report_tree_packed (REPORT, 0, 0);
  return 0;
}

static int tell_packed (int root, int own_files, const struct options *options, struct problem *problem) {
  static struct packer packer;
  packer.root = root;
  packer.own_files = own_files;
  packer.archive.out = ARCHIVE;
  packer.archive.passes = options->descriptors;
  packer.archive.problem = packer.problem = problem;
  /* Nobody else would notice: the other end of the socket is not likerd's. */
  if (options->descriptors && prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
    return tree_problem_errno (problem, "", "end with likerd");
  if (pack (&packer, options->path, options->name, options->follow) < 0)
    return -1;
  report_tree_packed (REPORT, packer.archive.bytes, packer.entries);
  return 0;
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
  if (keep_capabilities (READS | LOOKS_AT_MARKS) < 0)
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
  if (argc > 2 && !strcmp (argv[1], "changes")) {
    int listed = list_changes (argv + 2, (size_t)argc - 2, &problem);
    if (listed < 0)
      report_tree_problem (REPORT, &problem);
    return listed < 0 ? 1 : 0;
  }
  const struct options options = parse (argc, argv);
  int own_files = open_own_files ();
  int root = own_files < 0 ? tree_problem_errno (&problem, "/proc/self/fd", "open") : open_root (&options, &problem), result = -1;
  if (root >= 0 && !strcmp (options.verb, "stat"))
    result = tell_stat (root, &options, &problem);
  else if (root >= 0 && !strcmp (options.verb, "list"))
    result = tell_list (root, &options, &problem);
  else if (root >= 0 && (is_whole (&options) || !strcmp (options.verb, "pack")))
    result = tell_packed (root, own_files, &options, &problem);
  else if (root >= 0)
    misused ();
  if (result < 0)
    report_tree_problem (REPORT, &problem);
  return result < 0 ? 1 : 0;
}
