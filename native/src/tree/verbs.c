#include "verbs.h"
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/in_root.h"
#include "list.h"
#include "pack.h"
#include "report.h"
#include "watch.h"

#define MOST_FILES 65536

int raise_files (struct problem *problem) {
  struct rlimit most;
  if (getrlimit (RLIMIT_NOFILE, &most) < 0)
    return tree_problem_errno (problem, "", "read the limit of open files");
  most.rlim_cur = most.rlim_max < MOST_FILES ? most.rlim_max : MOST_FILES;
  return setrlimit (RLIMIT_NOFILE, &most) < 0 ? tree_problem_errno (problem, "", "raise the limit of open files") : 0;
}

/* Of what ends by itself only if it hears that likerd has. */
static int end_with_likerd (struct problem *problem) {
  return prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? tree_problem_errno (problem, "", "end with likerd") : 0;
}

static int run_stat (const struct work *work) {
  char target[PATH_MAX];
  struct stat st;
  const char *path = work->options->paths[0];
  cleanup_fd int node = in_root_open (work->root, path, O_PATH | (work->options->follow ? 0 : O_NOFOLLOW));
  if (node < 0 || fstat (node, &st) < 0)
    return tree_problem_errno (work->problem, path, "find");
  if (read_target (node, &st, target) < 0)
    return tree_problem_errno (work->problem, path, "read");
  report_stat (REPORT, &st, target);
  return 0;
}

static int run_list (const struct work *work) {
  if (raise_files (work->problem) < 0 || list (work->root, work->options->paths[0], work->options->recursive, ARCHIVE, work->problem) < 0)
    return -1;
  report_tree_packed (REPORT, 0, 0);
  return 0;
}

static int pack_all (const struct work *work, const char *path, const char *name) {
  static struct packer packer;
  packer.root = work->root;
  packer.own_files = work->own_files;
  packer.archive.out = ARCHIVE;
  packer.archive.passes = work->options->descriptors;
  packer.archive.problem = packer.problem = work->problem;
  /* The other end of the socket is not likerd's. */
  if (work->options->descriptors && end_with_likerd (work->problem) < 0)
    return -1;
  if (pack (&packer, path, name, work->options->follow) < 0)
    return -1;
  report_tree_packed (REPORT, packer.archive.bytes, packer.entries);
  return 0;
}

static int run_pack (const struct work *work) { return pack_all (work, work->options->paths[0], work->options->name); }

static int run_whole (const struct work *work) { return pack_all (work, "/", ""); }

static int report_edited (int edited, uint64_t bytes) {
  if (edited == 0)
    report_tree_packed (REPORT, bytes, 1);
  return edited;
}

static int run_mkdir (const struct work *work) {
  const struct options *options = work->options;
  return report_edited (make_folder (work->root, options->paths[0], options->write.mode, options->recursive, work->problem), 0);
}

static int run_remove (const struct work *work) {
  const struct options *options = work->options;
  if (end_with_likerd (work->problem) < 0)
    return -1;
  return report_edited (remove_file (work->root, options->paths[0], options->recursive, options->force, work->problem), 0);
}

static int run_rename (const struct work *work) {
  return report_edited (rename_file (work->root, work->options->paths[0], work->options->paths[1], work->problem), 0);
}

static int run_write (const struct work *work) {
  uint64_t bytes = 0;
  int written = write_file (work->root, work->own_files, work->options->paths[0], &work->options->write, INPUT, &bytes, work->problem);
  return report_edited (written, bytes);
}

static int run_watch (const struct work *work) {
  if (end_with_likerd (work->problem) < 0)
    return -1;
  return watch (work->root, work->own_files, work->options->paths[0], ARCHIVE, work->problem);
}

const struct verb *find_verb (const char *name) {
  static const struct verb verbs[] = {
    { "stat", run_stat, READS, 1 },     { "list", run_list, READS, 1 },     { "pack", run_pack, READS, 1 },
    { "whole", run_whole, READS_WHOLE, 0 }, { "mkdir", run_mkdir, EDITS, 1 }, { "remove", run_remove, EDITS, 1 },
    { "rename", run_rename, EDITS, 2 }, { "write", run_write, EDITS, 1 },   { "watch", run_watch, READS, 1 },
  };
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (!strcmp (name, verbs[i].name))
      return &verbs[i];
  return NULL;
}
