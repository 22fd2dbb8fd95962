/*
 * liker-unpack [--whiteouts trusted|user|none] [--max-entries N] [--max-bytes N] [--recipe]: unpacks a layer of an image.
 *
 *   fd 0  control lines: "bytes N" (so many of the source are there), "end N" (it is complete)
 *   fd 1  the report, a line of JSON for each message; the last one is the result or the problem
 *   fd 3  the source: a tar archive, plain or compressed; a file, which may grow, or a pipe or socket, which needs no control lines
 *   fd 4  the folder for the files, empty
 *   fd 5  with --recipe: the file for the layer's recipe (archive/recipe.h), empty and open for reading, too
 *
 * liker-unpack --into PATH [--container PID:TIME] [--owner none|UID:GID] [--descriptors]: unpacks an archive into a folder that is in use
 *
 *   fd 3  the source is a pipe; with --descriptors a Unix socket that liker-tree --descriptors writes to, and fd 0 is not used
 *   fd 4  the folder; with --container not used: the folder is PATH as a process of the container sees it, and as its root
 *
 * The exit status is 0 if all files are there; they are not synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/container.h"
#include "base/in_root.h"
#include "base/own_files.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "add.h"
#include "finish.h"
#include "names.h"
#include "opaque.h"
#include "resolve.h"
#include "ring.h"
#include "archive/report.h"
#include "archive/sandbox.h"

enum { CONTROL = 0, REPORT = 1, SOURCE = 3, TARGET = 4, RECIPE = 5 };

struct options {
  enum whiteouts whiteouts;
  uint64_t most_entries, most_bytes;
  bool recipe;
  struct container container; /* pid 0: none */
  const char *into;           /* NULL: the folder is a layer's */
  bool descriptors;
  bool has_owner;
  uid_t uid;
  gid_t gid;
};

static void misused (void) {
  fprintf (stderr, "usage: liker-unpack [--whiteouts trusted|user|none] [--max-entries N] [--max-bytes N] [--recipe]\n"
                   "       liker-unpack --into PATH [--container PID:TIME] [--owner none|UID:GID] [--descriptors]\n");
  exit (2);
}

static uint64_t number_of (const char *text) {
  char *end;
  errno = 0;
  unsigned long long number = strtoull (text, &end, 10);
  if (errno || *end || *text < '0' || *text > '9')
    misused ();
  return number;
}

static enum whiteouts whiteouts_of (const char *text) {
  static const char *const names[] = { [WHITEOUTS_NONE] = "none", [WHITEOUTS_TRUSTED] = "trusted", [WHITEOUTS_USER] = "user" };
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp (text, names[i]))
      return (enum whiteouts)i;
  misused ();
  return WHITEOUTS_NONE;
}

/* "none": whoever unpacks. */
static void read_owner (const char *text, struct options *options) {
  char *end;
  options->has_owner = true;
  options->uid = options->gid = (uid_t)-1;
  if (!strcmp (text, "none"))
    return;
  errno = 0;
  unsigned long uid = strtoul (text, &end, 10);
  if (errno || end == text || *end != ':' || uid >= (uid_t)-1)
    misused ();
  options->uid = (uid_t)uid;
  const uint64_t gid = number_of (end + 1);
  if (gid >= (gid_t)-1)
    misused ();
  options->gid = (gid_t)gid;
}

static struct options parse (int argc, char **argv) {
  static const struct option known[] = { { "whiteouts", required_argument, NULL, 'w' },
                                         { "max-entries", required_argument, NULL, 'e' },
                                         { "max-bytes", required_argument, NULL, 'b' },
                                         { "recipe", no_argument, NULL, 'r' },
                                         { "into", required_argument, NULL, 'i' },
                                         { "container", required_argument, NULL, 'c' },
                                         { "owner", required_argument, NULL, 'o' },
                                         { "descriptors", no_argument, NULL, 'd' },
                                         { NULL, 0, NULL, 0 } };
  struct options options = { .whiteouts = WHITEOUTS_TRUSTED, .most_entries = UINT64_MAX, .most_bytes = UINT64_MAX };
  for (int found; (found = getopt_long (argc, argv, "", known, NULL)) != -1;)
    switch (found) {
      case 'w': options.whiteouts = whiteouts_of (optarg); break;
      case 'e': options.most_entries = number_of (optarg); break;
      case 'b': options.most_bytes = number_of (optarg); break;
      case 'r': options.recipe = true; break;
      case 'i': options.into = optarg; break;
      case 'c':
        if (parse_container (optarg, &options.container) < 0)
          misused ();
        break;
      case 'o': read_owner (optarg, &options); break;
      case 'd': options.descriptors = true; break;
      default: misused ();
    }
  if (optind != argc || (!options.into && (options.container.pid || options.has_owner || options.descriptors)))
    misused ();
  if (options.into)
    options.whiteouts = WHITEOUTS_NONE;
  return options;
}

/* The parts of the work, each of which needs the one before it. */
struct work {
  struct libraries libraries;
  struct problem problem;
  struct marker marker;
  struct source source;
  struct stream stream;
  struct ring ring;
  struct recorder recorder;
  struct tar tar;
  struct tree tree;
};

static ssize_t read_ring (void *from, const void **block) { return ring_read (from, block); }

/* What is read ahead would be descriptors of entries that nobody has looked at. */
static ssize_t read_directly (void *from, const void **block) { return stream_read (from, block); }

static void connect (struct work *work, const struct options *options) {
  work->source.control_fd = CONTROL;
  work->source.file = SOURCE;
  work->source.problem = &work->problem;
  work->stream.source = &work->source;
  work->stream.libraries = &work->libraries;
  work->stream.most = options->most_bytes;
  work->stream.report = REPORT;
  work->stream.problem = &work->problem;
  work->tar.libraries = &work->libraries;
  work->ring.stream = options->descriptors ? NULL : &work->stream;
  work->tar.read = options->descriptors ? read_directly : read_ring;
  work->tar.from = options->descriptors ? (void *)&work->stream : &work->ring;
  work->tar.passed = options->descriptors ? &work->source.passed : NULL;
  work->tar.recorder = options->recipe ? &work->recorder : NULL;
  work->tar.problem = &work->problem;
  work->tree.places.root = TARGET;
  work->tree.places.parent = -1;
  work->tree.tar = &work->tar;
  work->tree.most_entries = options->most_entries;
  work->tree.problem = &work->problem;
  work->marker.whiteouts = options->whiteouts;
  work->source.passes = options->descriptors;
  work->source.passed = -1;
  work->source.needs_end = options->into && !options->descriptors;
  work->tree.is_shared = options->into;
  work->tree.has_owner = options->has_owner;
  work->tree.uid = options->uid;
  work->tree.gid = options->gid;
  work->tree.marker = options->whiteouts == WHITEOUTS_NONE ? NULL : &work->marker;
}

/* To write any files, of any owner. */
static const struct rights rights = {
  .capabilities = CAPABILITY (CHOWN) | CAPABILITY (DAC_OVERRIDE) | CAPABILITY (FOWNER) | CAPABILITY (FSETID) | CAPABILITY (MKNOD) |
                  CAPABILITY (SETFCAP),
  .may_write = true,
  /* Folders in one another, when a tree is removed or made (remove_tree.c, walk.c). */
  .most_files = 256,
};

/* Whatever an archive says about its root comes later. */
static int prepare_root (struct work *work) {
  if (fchown (TARGET, 0, 0) < 0 || fchmod (TARGET, 0755) < 0)
    return problem_errno (&work->problem, "", "prepare the folder of the layer");
  return 0;
}

/* The root of the container takes the place of the folder. */
static int enter (const struct options *options, struct problem *problem) {
  const char *call;
  int root = enter_container (&options->container, &call);
  if (root < 0)
    return problem_errno (problem, call, "enter the container by");
  if (root == TARGET)
    return 0;
  if (dup3 (root, TARGET, O_CLOEXEC) < 0)
    return problem_errno (problem, "/", "hold the root of the container");
  close (root);
  return 0;
}

/* Where the folder is, without links: what is put into it may change the links that led there. */
static int find_folder (struct work *work, int own_files, const char *into) {
  char place[PATH_MAX], number[24];
  cleanup_fd int folder = in_root_open (TARGET, into, O_PATH | O_DIRECTORY);
  if (folder < 0)
    return problem_errno (&work->problem, into, "find the directory");
  put_number (number, (uint64_t)folder);
  ssize_t length = readlinkat (own_files, number, place, sizeof place - 1);
  if (length < 0)
    return problem_errno (&work->problem, into, "find the directory");
  place[length] = '\0';
  return clean_name (work->tree.into, place)
           ? 0
           : problem_put (&work->problem, BAD_ARCHIVE, into, "Cannot unpack into '%s': its path is too long", into);
}

/* The folder of a container, or of the caller's own. */
static int prepare_shared (struct work *work, const struct options *options) {
  if (!options->container.pid)
    return enter_open_sandbox (TARGET, &rights, &work->problem);
  cleanup_fd int opened = open_own_files ();
  /* The root takes the place of whatever is there. */
  cleanup_fd int own_files = fcntl (opened, F_DUPFD_CLOEXEC, TARGET + 1);
  close_fd (&opened);
  if (own_files < 0)
    return problem_errno (&work->problem, "/proc/self/fd", "open");
  if (enter (options, &work->problem) < 0 || enter_sandbox (TARGET, &rights, &work->problem) < 0)
    return -1;
  return find_folder (work, own_files, options->into);
}

static int prepare_layer (struct work *work) {
  if (digest_begin (&work->source.digest, &work->libraries, &work->problem) < 0 ||
      digest_begin (&work->stream.digest, &work->libraries, &work->problem) < 0)
    return -1;
  return prepare_root (work) < 0 ? -1 : enter_sandbox (TARGET, &rights, &work->problem);
}

/* Everything that needs files of the host, or rights over it, comes before the sandbox; every byte of the archive after it. */
static int prepare (struct work *work, const struct options *options) {
  umask (0);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  /* Names in pax headers are UTF-8. libarchive converts them to the locale's encoding: they are to stay as they are. */
  setlocale (LC_CTYPE, "C.UTF-8");
  if (source_begin (&work->source) < 0)
    return -1;
  if (sys_close_range (work->tar.recorder ? RECIPE + 1 : TARGET + 1, ~0u, 0) < 0 || marker_begin (&work->marker, &work->problem) < 0)
    return -1;
  if (load_libraries (&work->libraries, &work->problem) < 0 ||
      (options->into ? prepare_shared (work, options) : prepare_layer (work)) < 0)
    return -1;
  /* The other end of the socket is not likerd's: nobody else would notice its end. */
  if (options->descriptors)
    return prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || seal_sandbox (&work->problem) < 0 ? -1 : stream_begin (&work->stream);
  if (ring_begin (&work->ring, &work->problem) < 0 || seal_sandbox (&work->problem) < 0)
    return -1;
  if (work->tar.recorder && recorder_begin (&work->recorder, RECIPE, &work->libraries, &work->problem) < 0)
    return -1;
  ring_open (&work->ring);
  return 0;
}

/* Before the times of folders are set. */
static int resolve_aside (struct work *work) {
  struct aside *aside = &work->tree.aside;
  if (aside->count > 0 && resolve_recipe (&work->recorder, aside, TARGET) < 0)
    return -1;
  return aside_remove (aside, TARGET) < 0 ? problem_errno (&work->problem, "", "remove replaced files of the layer") : 0;
}

static int unpack (struct work *work) {
  struct entry entry;
  int more;
  if (tar_begin (&work->tar) < 0)
    return -1;
  while ((more = tar_next (&work->tar, &entry)) > 0)
    if (add_entry (&work->tree, &entry) < 0)
      return -1;
  if (more < 0 || tar_end (&work->tar) < 0)
    return -1;
  if (work->ring.stream)
    ring_end (&work->ring);
  return resolve_aside (work) < 0 ? -1 : finish_tree (&work->tree);
}

static void tell_outcome (struct work *work) {
  struct outcome outcome = {
    .size = work->source.read + work->tree.passed_bytes,
    .unpacked = work->stream.count,
    .entries = work->tree.entries,
    .disk_bytes = work->tree.disk_bytes + work->tree.places.disk_bytes,
    .compression = work->stream.compression,
  };
  stream_digests (&work->stream, outcome.digest, outcome.diff_id);
  report_outcome (REPORT, &outcome);
}

/* The other thread may still be at work: nothing may be taken from it, as exit(3) does. */
int main (int argc, char **argv) {
  static struct work work = { .problem.lock = PTHREAD_MUTEX_INITIALIZER };
  const struct options options = parse (argc, argv);
  connect (&work, &options);
  if (prepare (&work, &options) == 0 && unpack (&work) == 0) {
    tell_outcome (&work);
    _exit (0);
  }
  problem_hold (&work.problem);
  if (work.problem.code != ABANDONED)
    report_problem (REPORT, &work.problem);
  _exit (1);
}
