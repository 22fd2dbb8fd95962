/*
 * The program finds the namespace in the file RUN/network, which is its last argument: the namespace is bound there in a mount namespace
 * of the program's own, so that no mount is left of it. (It may not open /proc/PID/ns/net, since it has fewer rights than the
 * container.) It returns when the namespace is connected and it has gone into the background, and its pid is in RUN/network.pid.
 * It ends when the file is removed.
 */
#include "network.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "network/connect.h"
#include "process.h"
#include "report.h"

#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 10000
#define STEADY_MS 10000 /* whoever lived so long is started again at once */
#define FILE_NAME "network"
#define PID_FILE "network.pid"

static int keep_step (struct network *network, const struct cursor *step) {
  if (!step->at)
    return 0;
  network->step_size = (size_t)(step->end - step->at);
  network->step = malloc (network->step_size + 1);
  if (!network->step)
    return -1;
  memcpy (network->step, step->at, network->step_size);
  return 0;
}

static int keep_arguments (struct network *network, char *const *arguments) {
  size_t count = 0, bytes = sizeof *arguments;
  for (; arguments[count]; count++)
    bytes += sizeof *arguments + strlen (arguments[count]) + 1;
  if (count == 0)
    return 0;
  char **copy = malloc (bytes); /* the pointers, then the texts */
  if (!copy)
    return -1;
  char *text = (char *)(copy + count + 1);
  for (size_t i = 0; i < count; i++) {
    copy[i] = text;
    text = put_text (text, arguments[i]) + 1;
  }
  copy[count] = NULL;
  network->arguments = copy;
  return 0;
}

int network_plan (struct shim *shim, const struct cursor *step, char *const *arguments) {
  return keep_step (&shim->network, step) < 0 ? -1 : keep_arguments (&shim->network, arguments);
}

/* In the child, whose stderr is what the shim reads. */
static void say (const char *call) {
  const char *parts[] = { call, ": ", strerrorname_np (errno) };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    (void)!write (STDERR_FILENO, parts[i], strlen (parts[i]));
  _exit (1);
}

static void reset_signals (void) {
  const uint64_t none = 0;
  for (int signal = 1; signal <= KERNEL_SIGNALS; signal++)
    sys_signal_default (signal);
  sys_sigprocmask (SIG_SETMASK, &none, NULL);
}

static void be_program (const struct network *network, pid_t pid, int errors) {
  char namespace[40];
  char **last = network->arguments;
  while (last[1])
    last++;
  put_text (put_number (put_text (namespace, "/proc/"), (uint64_t)pid), "/ns/net");
  reset_signals ();
  if (dup2 (errors, STDERR_FILENO) < 0)
    _exit (1);
  if (sys_unshare (CLONE_NEWNS) < 0)
    say ("unshare");
  if (sys_mount (NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
      sys_mount (namespace, *last, NULL, MS_BIND, NULL) < 0)
    say ("mount");
  execv (network->arguments[0], network->arguments);
  say ("execve");
}

static int start_program (struct shim *shim, pid_t pid) {
  int ends[2];
  cleanup_fd int file = openat (shim->run, FILE_NAME, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0 || pipe2 (ends, O_CLOEXEC | O_NONBLOCK) < 0)
    return -1;
  cleanup_fd int ours = ends[0];
  cleanup_fd int theirs = ends[1];
  shim->network.starter_ended = false;
  shim->network.begun_at = now_ms ();
  shim->network.starter = fork ();
  if (shim->network.starter == 0)
    be_program (&shim->network, pid, theirs);
  if (shim->network.starter < 0)
    return -1;
  shim->network.errors = steal_fd (&ours);
  return 0;
}

static void let_go_on (struct shim *shim, struct process *process) {
  struct network *network = &shim->network;
  if (!network->connected || !network->awaited)
    return;
  network->awaited = false;
  if (process->sync.fd < 0) /* the child is dead, which is handled elsewhere */
    return;
  if (sync_acknowledge (process->sync.fd) < 0 && errno != EPIPE)
    fail_start (process, "send");
}

static int open_namespace (pid_t pid) {
  char path[64];
  put_text (put_number (put_text (path, "/proc/"), (uint64_t)pid), "/ns/net");
  return open (path, O_RDONLY | O_CLOEXEC);
}

/* As STEP_connect says. */
static void connect_by_step (struct network *network, struct process *process, pid_t pid) {
  struct failure failure;
  cleanup_fd int namespace = open_namespace (pid);
  cleanup_free uint8_t *step = network->step;
  network->step = NULL;
  if (namespace < 0) {
    fail_start (process, "open");
    return;
  }
  if (connect_namespace (namespace, pid == process->pid ? process->pidfd : -1, step, network->step_size, &failure) == 0) {
    network->connected = true;
    return;
  }
  if (!process->failed)
    process->failure = failure;
  process->failed = true;
}

static void connect_of (struct shim *shim, struct process *process, pid_t pid) {
  struct network *network = &shim->network;
  if (network->step)
    connect_by_step (network, process, pid);
  else if (network->arguments && !network->starter && start_program (shim, pid) < 0)
    fail_start (process, "fork");
}

void network_connect (struct shim *shim, struct process *process) {
  if (process->number == 0 && process->pid > 0)
    connect_of (shim, process, process->pid);
}

/*
 * A helper that enters another container's pid namespace as its last step is, until then, the only process of the new network namespace.
 * Its pid cannot be given to another before its end is seen. If it cannot go on, it has not cloned anything yet.
 */
static void connect_helper (struct shim *shim, struct process *process, pid_t sender) {
  if (sender <= 0 || sender != process->helper || process->helper_ended)
    return;
  connect_of (shim, process, sender);
  if (process->failed)
    kill (sender, SIGKILL);
}

void network_await (struct shim *shim, struct process *process, pid_t sender) {
  if (process->number != 0)
    return;
  connect_helper (shim, process, sender);
  shim->network.awaited = true;
  let_go_on (shim, process);
}

void network_ask (struct shim *shim, struct process *process, pid_t sender) {
  struct network *network = &shim->network;
  if (process->number != 0 || network->namespace >= 0)
    return;
  network->namespace = open_namespace (sender);
  if (network->namespace < 0) {
    if (errno != ENOENT) /* it is dead, which is handled elsewhere */
      fail_start (process, "open");
    return;
  }
  network->asked = true;
  report_connect (shim);
}

void network_answer (struct shim *shim, struct process *process, const void *answer, size_t size) {
  if (!shim->network.asked || process->sync.fd < 0)
    return;
  shim->network.asked = false;
  if (sync_answer (process->sync.fd, answer, size) < 0 && errno != EPIPE)
    fail_start (process, "send");
}

/* What the program has said, on one line. */
static void read_errors (int errors, char *text, size_t size) {
  ssize_t length = RETRY (read (errors, text, size - 1));
  text[length > 0 ? length : 0] = '\0';
  for (ssize_t i = 0; i < length; i++)
    if (text[i] == '\n')
      text[i] = ' ';
  while (length > 0 && text[length - 1] == ' ')
    text[--length] = '\0';
}

static void fail_network (struct shim *shim, struct process *process) {
  struct failure *failure = &process->failure;
  if (process->failed)
    return;
  *failure = (struct failure){ .step = NO_STEP, .error = ENETDOWN, .name = "network", .call = "exec" };
  read_errors (shim->network.errors, failure->object, sizeof failure->object);
  process->failed = true;
}

/* 0 without one. */
static pid_t read_pid (struct shim *shim) {
  char text[24];
  cleanup_fd int file = openat (shim->run, PID_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : RETRY (read (file, text, sizeof text - 1));
  text[length > 0 ? length : 0] = '\0';
  return (pid_t)strtol (text, NULL, 10);
}

/* A child that is not reaped keeps its pid. */
static bool is_child (pid_t pid) {
  siginfo_t info;
  return pid > 1 && waitid (P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The main process, if it still needs its network; else NULL. */
static struct process *in_need (const struct shim *shim) {
  struct process *main = shim->processes;
  return main && main->number == 0 && main->pid > 0 && !main->reaped && !shim->network.ended ? main : NULL;
}

/* Told once for each reason. */
static void be_lost (struct shim *shim, const char *why) {
  struct network *network = &shim->network;
  network->program = 0;
  if (!in_need (shim))
    return;
  uint64_t now = now_ms (), longer = 2 * network->pause;
  network->pause = now - network->begun_at >= STEADY_MS || longer == 0 ? FIRST_PAUSE_MS : longer < LONGEST_PAUSE_MS ? longer : LONGEST_PAUSE_MS;
  network->again_at = now + network->pause;
  network->return_untold = false;
  if (strncmp (network->loss, why, sizeof network->loss - 1) == 0)
    return;
  strncpy (network->loss, why, sizeof network->loss - 1);
  network->loss_untold = true;
  report_network (shim);
}

static void program_ended (struct shim *shim, int status) {
  char why[64];
  put_number (put_text (why, WIFSIGNALED (status) ? "it was killed by signal " : "it ended with status "),
              (uint64_t)(WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status)));
  be_lost (shim, why);
}

static void begin_in_background (struct shim *shim) {
  struct network *network = &shim->network;
  network->program = read_pid (shim);
  if (!is_child (network->program)) {
    be_lost (shim, "it ended at once");
    return;
  }
  if (!network->loss[0])
    return;
  network->return_untold = true;
  report_network (shim);
  network->loss[0] = '\0';
}

static void starter_ended (struct shim *shim, int status) {
  struct network *network = &shim->network;
  struct process *main = shim->processes;
  bool is_starting = main && main->number == 0 && main->phase == STARTING;
  network->starter_ended = true;
  network->connected = WIFEXITED (status) && WEXITSTATUS (status) == 0;
  if (network->connected)
    begin_in_background (shim);
  else if (is_starting)
    fail_network (shim, main);
  else {
    char why[LOSS_SIZE];
    read_errors (network->errors, why, sizeof why);
    be_lost (shim, why[0] ? why : "it could not be started again");
  }
  if (is_starting)
    let_go_on (shim, main);
  close_fd (&network->errors);
}

void network_note (struct shim *shim, pid_t pid, int status) {
  struct network *network = &shim->network;
  if (!network->starter_ended && network->starter > 0 && pid == network->starter)
    starter_ended (shim, status);
  else if (network->program > 0 && pid == network->program)
    program_ended (shim, status);
}

void network_advance (struct shim *shim) {
  struct network *network = &shim->network;
  const struct process *main = in_need (shim);
  if (!network->again_at || (main && now_ms () < network->again_at))
    return;
  network->again_at = 0;
  if (main && start_program (shim, main->pid) < 0) {
    network->starter = 0;
    be_lost (shim, strerror (errno));
  }
}

void network_end (struct shim *shim) {
  struct network *network = &shim->network;
  if (!network->arguments || network->ended)
    return;
  network->ended = true;
  if (network->starter > 0 && !network->starter_ended)
    kill (network->starter, SIGKILL);
  pid_t pid = read_pid (shim);
  if (is_child (pid))
    kill (pid, SIGKILL);
  unlinkat (shim->run, FILE_NAME, 0);
}
