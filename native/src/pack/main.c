/*
 * liker-pack recipe [--compression none|gzip|zstd]: the archive of a layer again, from its recipe and its files.
 *
 *   fd 1  the archive
 *   fd 3  the recipe (archive/recipe.h)
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
#include <sys/stat.h>
#include "archive/report.h"
#include "archive/sandbox.h"
#include "base/syscalls.h"
#include "rebuild.h"

enum { ARCHIVE = 1, RECIPE = 3, FOLDER = 4, REPORT = 5 };

struct work {
  struct libraries libraries;
  struct problem problem;
  struct sink sink;
};

struct command {
  const char *name;
  struct rights rights;
  int (*run) (struct work *work);
};

static int run_recipe (struct work *work) { return rebuild (&work->sink, RECIPE, FOLDER); }

static const struct command commands[] = {
  { "recipe", { .capabilities = CAPABILITY (DAC_READ_SEARCH) }, run_recipe },
};

static void misused (void) {
  fprintf (stderr, "usage: liker-pack recipe [--compression none|gzip|zstd]\n");
  exit (2);
}

static const struct command *command_of (const char *name) {
  for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
    if (!strcmp (name, commands[i].name))
      return &commands[i];
  misused ();
  return NULL;
}

static enum compression compression_of (const char *text) {
  static const char *const names[] = { [COMPRESSION_NONE] = "none", [COMPRESSION_GZIP] = "gzip", [COMPRESSION_ZSTD] = "zstd" };
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp (text, names[i]))
      return (enum compression)i;
  misused ();
  return COMPRESSION_NONE;
}

static const struct command *parse (int argc, char **argv, struct work *work) {
  static const struct option known[] = { { "compression", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };
  for (int found; (found = getopt_long (argc, argv, "", known, NULL)) != -1;)
    switch (found) {
      case 'c': work->sink.compression = compression_of (optarg); break;
      default: misused ();
    }
  if (optind != argc - 1)
    misused ();
  return command_of (argv[optind]);
}

/* Everything that needs files of the host, or rights over it, comes before the sandbox; every byte of others after it. */
static int prepare (struct work *work, const struct rights *rights) {
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  /* Names go into archives as they are. */
  setlocale (LC_CTYPE, "C.UTF-8");
  work->sink.libraries = &work->libraries;
  work->sink.problem = &work->problem;
  work->sink.out = ARCHIVE;
  work->sink.report = REPORT;
  if (sys_close_range (REPORT + 1, ~0u, 0) < 0)
    return problem_errno (&work->problem, "", "close the descriptors of others");
  if (load_libraries (&work->libraries, &work->problem) < 0 || sink_begin (&work->sink) < 0)
    return -1;
  return enter_sandbox (FOLDER, rights, &work->problem) < 0 || seal_sandbox (&work->problem) < 0 ? -1 : 0;
}

int main (int argc, char **argv) {
  static struct work work = { .problem.lock = PTHREAD_MUTEX_INITIALIZER };
  const struct command *command = parse (argc, argv, &work);
  if (prepare (&work, &command->rights) == 0 && command->run (&work) == 0 && sink_end (&work.sink) == 0) {
    sink_report (&work.sink);
    return 0;
  }
  report_problem (REPORT, &work.problem);
  return 1;
}
