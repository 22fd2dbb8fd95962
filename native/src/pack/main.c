/*
 * liker-pack recipe [--compression none|gzip|zstd]
 *   The archive of a layer again, from its recipe and its files.
 *
 * liker-pack diff [--whiteouts trusted|user]
 *   An archive of what is in the upper folder of an overlay, as a layer. --whiteouts: how overlayfs marks its folders. Its reader has to
 *   hash it.
 *
 *   fd 1  the archive
 *   fd 3  the recipe (archive/recipe.h), for `recipe`
 *   fd 4  the folder of the files
 *   fd 5  the report, a line of JSON for each message; the last one is the result or the problem
 *
 * The exit status is 0 if the archive is complete.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "archive/report.h"
#include "archive/sandbox.h"
#include "base/own_files.h"
#include "base/syscalls.h"
#include "changes.h"
#include "rebuild.h"

enum { ARCHIVE = 1, RECIPE = 3, FOLDER = 4, REPORT = 5 };

struct work {
  struct libraries libraries;
  struct problem problem;
  struct sink sink;
  int own_files;
  enum overlay_marks marks;
};

struct command {
  const char *name;
  struct rights rights;
  bool hashes;
  int (*run) (struct work *work);
};

static int run_recipe (struct work *work) { return rebuild (&work->sink, RECIPE, FOLDER); }

static int run_diff (struct work *work) { return put_changes (&work->sink, FOLDER, work->own_files, work->marks); }

/* Folders in one another, as deep as a path can be. */
#define MOST_FILES 2100

/* CAP_SYS_ADMIN shows trusted.* attributes. */
static const struct command commands[] = {
  { "recipe", { .capabilities = CAPABILITY (DAC_READ_SEARCH), .most_files = 64 }, true, run_recipe },
  { "diff", { .capabilities = CAPABILITY (DAC_READ_SEARCH) | CAPABILITY (SYS_ADMIN), .most_files = MOST_FILES }, false, run_diff },
};

static void misused (void) {
  fprintf (stderr, "usage: liker-pack recipe [--compression none|gzip|zstd]\n       liker-pack diff [--whiteouts trusted|user]\n");
  exit (2);
}

static const struct command *command_of (const char *name) {
  for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
    if (!strcmp (name, commands[i].name))
      return &commands[i];
  misused ();
  return NULL;
}

static unsigned index_of (const char *text, const char *const *names, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (!strcmp (text, names[i]))
      return i;
  misused ();
  return 0;
}

static const char *const compressions[] = { [COMPRESSION_NONE] = "none", [COMPRESSION_GZIP] = "gzip", [COMPRESSION_ZSTD] = "zstd" };
static const char *const marks[] = { [MARKS_TRUSTED] = "trusted", [MARKS_USER] = "user" };

static const struct command *parse (int argc, char **argv, struct work *work) {
  static const struct option known[] = { { "compression", required_argument, NULL, 'c' },
                                         { "whiteouts", required_argument, NULL, 'w' },
                                         { NULL, 0, NULL, 0 } };
  for (int found; (found = getopt_long (argc, argv, "", known, NULL)) != -1;)
    switch (found) {
      case 'c': work->sink.compression = (enum compression)index_of (optarg, compressions, 3); break;
      case 'w': work->marks = (enum overlay_marks)index_of (optarg, marks, 2); break;
      default: misused ();
    }
  if (optind != argc - 1)
    misused ();
  const struct command *command = command_of (argv[optind]);
  if (!command->hashes && work->sink.compression != COMPRESSION_NONE)
    misused ();
  return command;
}

/* Where it is a socket, as whoever unpacks has it: with the usual 200 KiB, the two would wait for one another for each 50 KiB. */
static void widen_output (void) {
  const int size = 2 << 20;
  if (setsockopt (ARCHIVE, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
    setsockopt (ARCHIVE, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/* Everything that needs files of the host, or rights over it, comes before the sandbox; every byte of others after it. */
static int prepare (struct work *work, const struct command *command) {
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  /* Names go into archives as they are. */
  setlocale (LC_CTYPE, "C.UTF-8");
  work->sink.hashes = command->hashes;
  work->sink.libraries = &work->libraries;
  work->sink.problem = &work->problem;
  work->sink.out = ARCHIVE;
  work->sink.report = REPORT;
  widen_output ();
  if (sys_close_range (REPORT + 1, ~0u, 0) < 0)
    return problem_errno (&work->problem, "", "close the descriptors of others");
  work->own_files = open_own_files ();
  if (work->own_files < 0)
    return problem_errno (&work->problem, "/proc/self/fd", "open");
  if (load_libraries (&work->libraries, &work->problem) < 0 || sink_begin (&work->sink) < 0)
    return -1;
  return enter_sandbox (FOLDER, &command->rights, &work->problem) < 0 || seal_sandbox (&work->problem) < 0 ? -1 : 0;
}

/* What the libraries and the system free anyway is not freed here. */
int main (int argc, char **argv) {
  static struct work work = { .problem.lock = PTHREAD_MUTEX_INITIALIZER };
  const struct command *command = parse (argc, argv, &work);
  if (prepare (&work, command) == 0 && command->run (&work) == 0 && sink_end (&work.sink) == 0) {
    sink_report (&work.sink);
    _exit (0);
  }
  report_problem (REPORT, &work.problem);
  _exit (1);
}
