/*
 * liker-resolver --run FOLDER --build BUILD [--table TABLE [--group GROUP]]: answers what the containers of one likerd ask for names.
 *
 * It listens at FOLDER/resolver.sock (control.h), closes its output when it does, and goes on when likerd has ended. BUILD (32 letters) tells
 * one program from another: that of the same build which runs already stays; from another one it takes over the sockets of the containers.
 * It ends when there is no container, and no likerd.
 *
 * With a table of nftables (inet) it has a guard (guard_process.h), which lets containers with a policy reach the addresses of allowed names. Packets that its
 * rules log to the group of NFLOG with the table's name as the prefix were denied to the container at whose interface they came in.
 *
 * What is outside its tables is asked of name servers in the network namespace in which it was started.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "confine.h"
#include "control.h"
#include "denied_packet.h"
#include "grants.h"
#include "guard.h"
#include "loop.h"
#include "session.h"
#include "takeover.h"

/* Relative to the run folder, since the path of a Unix socket is short. */
/* NFT_NAME_MAXLEN is 256, with a zero at the end. */
#define MOST_TABLE 255

#define SOCKET "resolver.sock"
#define NEW_SOCKET "resolver.sock.new"
#define LOCK "resolver.lock"
#define WAITING_SESSIONS 512

/* The program that was taken over releases its lock when it has read the last answer. */
#define LOCK_TRIES 500
#define LOCK_PAUSE_NS 10000000

struct options {
  const char *run, *build, *table;
  uint16_t group; /* 0: none */
};

static void misused (void) {
  fprintf (stderr, "usage: liker-resolver --run FOLDER --build BUILD [--table TABLE [--group GROUP]]\n");
  exit (2);
}

static uint16_t parse_group (const char *text) {
  char *end;
  unsigned long number = strtoul (text, &end, 10);
  if (*end != '\0' || number == 0 || number > UINT16_MAX)
    misused ();
  return (uint16_t)number;
}

static struct options parse (int argc, char **argv) {
  static const struct option known[] = { { "run", required_argument, NULL, 'r' },
                                         { "build", required_argument, NULL, 'b' },
                                         { "table", required_argument, NULL, 't' },
                                         { "group", required_argument, NULL, 'g' },
                                         { NULL, 0, NULL, 0 } };
  struct options options = { .group = 0 };
  for (int found; (found = getopt_long (argc, argv, "", known, NULL)) != -1;)
    switch (found) {
      case 'r': options.run = optarg; break;
      case 'b': options.build = optarg; break;
      case 't': options.table = optarg; break;
      case 'g': options.group = parse_group (optarg); break;
      default: misused ();
    }
  if (optind != argc || !options.run || !options.build || strlen (options.build) != BUILD_SIZE ||
      (options.table && strlen (options.table) > MOST_TABLE))
    misused ();
  return options;
}

static int lock_run_folder (unsigned tries) {
  cleanup_fd int fd = open (LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return -1;
  const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
  for (;;) {
    if (flock (fd, LOCK_EX | LOCK_NB) == 0)
      return steal_fd (&fd);
    if (errno != EWOULDBLOCK || --tries == 0)
      return -1;
    nanosleep (&pause, NULL);
  }
}

/* Under another name first, so that whoever finds the socket can connect. */
static int listen_in_run_folder (void) {
  const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = NEW_SOCKET };
  cleanup_fd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || (unlink (NEW_SOCKET) < 0 && errno != ENOENT) || bind (fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
      listen (fd, WAITING_SESSIONS) < 0 || rename (NEW_SOCKET, SOCKET) < 0)
    return -1;
  return steal_fd (&fd);
}

/* Output and errors go nowhere from now on: likerd sees the end of the output. */
static int close_output (void) {
  cleanup_fd int nothing = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0)
    return -1;
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    if (dup2 (nothing, fd) < 0)
      return -1;
  return 0;
}

/* 0; or the status to exit with, after a message. */
static int begin (const struct options *options) {
  umask (077);
  signal (SIGPIPE, SIG_IGN);
  if (sys_close_range (STDERR_FILENO + 1, ~0u, 0) < 0 || (options->table && guard_begin (options->table, options->group) < 0) ||
      chdir (options->run) < 0 || loop_begin () < 0 || guard_watch (denied_packet) < 0)
    return -1;
  int taken = take_over (SOCKET, options->build);
  if (taken < 0)
    return -1;
  int lock = lock_run_folder (taken ? LOCK_TRIES : 1);
  int listener = lock < 0 ? -1 : listen_in_run_folder ();
  if (listener < 0 || sessions_begin (listener, lock, options->build) < 0)
    return -1;
  grants_recall ();
  /* No folder stays in use. */
  return chdir ("/") < 0 || close_output () < 0 ? -1 : confine ();
}

int main (int argc, char **argv) {
  const struct options options = parse (argc, argv);
  if (begin (&options) < 0) {
    fprintf (stderr, "liker-resolver: cannot start in '%s': %s\n", options.run, strerror (errno));
    return 1;
  }
  while (!sessions_are_over ())
    loop_once ();
  return 0;
}
