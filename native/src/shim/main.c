/*
 * liker-shim: owns the terminal or the pipes, the log and the exit record of one container, whether the daemon is
 * running or not. liker_spawn_shim starts it with the daemon's socket at fd 3, by which it gets its plan.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "await_plan.h"
#include "connection.h"
#include "network.h"
#include "plan/launch.h"
#include "query.h"
#include "report.h"
#include "serve.h"
#include "start.h"

#define SOCKET_FD 3
#define BACKLOG 8
#define BIT(signal) (1ull << ((signal)-1))

/*
 * Only SIGKILL ends the shim: it survives a hangup, an interrupt and the stop of the daemon's service.
 * The signals of the hardware, and of abort, stay unblocked. A child empties its mask before exec.
 */
static int block_signals (struct shim *shim) {
  const uint64_t blocked = ~(BIT (SIGSEGV) | BIT (SIGBUS) | BIT (SIGILL) | BIT (SIGFPE) | BIT (SIGTRAP) |
                             BIT (SIGSYS) | BIT (SIGABRT));
  sigset_t child;
  sys_sigprocmask (SIG_SETMASK, &blocked, NULL);
  sigemptyset (&child);
  sigaddset (&child, SIGCHLD);
  int fd = signalfd (-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  return fd < 0 ? -1 : source_open (&shim->signals, shim->epoll, fd);
}

/* A failure of the shim's own part of a start: `call` has failed, with errno. */
static struct failure shim_failure (const char *call, const char *object) {
  struct failure failure = { .step = NO_STEP, .error = errno, .name = "shim" };
  strncpy (failure.call, call, sizeof failure.call - 1);
  strncpy (failure.object, object, sizeof failure.object - 1);
  return failure;
}

/* Uses the folder's fd, because a path in /run may be longer than sun_path. Returns the call that failed, or NULL. */
static const char *listen_in_run (struct shim *shim) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  put_text (put_number (put_text (address.sun_path, "/proc/self/fd/"), (uint64_t)shim->run), "/shim.sock");
  cleanup_fd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return "socket";
  unlinkat (shim->run, "shim.sock", 0);
  umask (0177);
  if (bind (fd, (struct sockaddr *)&address, sizeof address) < 0)
    return "bind";
  if (listen (fd, BACKLOG) < 0)
    return "listen";
  umask (027);
  return source_open (&shim->listener, shim->epoll, steal_fd (&fd)) < 0 ? "epoll_ctl" : NULL;
}

static bool set_up (struct shim *shim, const struct shim_settings *settings, const struct cursor *connect,
                    struct failure *failure) {
  shim->ring_size = settings->ring_bytes;
  if (network_plan (shim, connect, settings->network) < 0) {
    *failure = shim_failure ("malloc", "plan");
    return false;
  }
  if (log_open (&shim->log, settings->log_folder, settings->log_segment_bytes, settings->log_segments) < 0) {
    *failure = shim_failure ("open", settings->log_folder);
    return false;
  }
  /* Of a holder (STEP_hold): no other daemon is ever to find it. */
  if (!*settings->run_folder)
    return true;
  shim->run = open (settings->run_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const char *failed_call = shim->run < 0 ? "open" : listen_in_run (shim);
  if (failed_call)
    *failure = shim_failure (failed_call, settings->run_folder);
  return !failed_call;
}

/* Applies the settings and starts the main process, or reports the failure to the daemon. */
static void start_main (struct shim *shim, const void *plan, size_t size) {
  struct shim_settings settings;
  struct launch launch;
  struct failure failure = { .step = NO_STEP, .error = EBADMSG, .name = "plan", .call = "read" };
  errno = 0;
  bool readable = launch_read (&launch, &settings, plan, size);
  if (!readable && errno == ENOMEM)
    failure = shim_failure ("malloc", "plan");
  bool ready = readable && set_up (shim, &settings, &launch.connect, &failure);
  if (ready) {
    start_process (shim, 0, &launch);
    oom_open (&shim->oom, shim->epoll, settings.oom_file);
  } else
    report_failure (shim, 0, &failure);
  launch_free (&launch);
  settings_free (&settings);
}

static void read_plan (struct shim *shim, int fd) {
  struct stat st = { 0 };
  void *plan = MAP_FAILED;
  if (fstat (fd, &st) == 0)
    plan = mmap (NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (plan == MAP_FAILED) {
    struct failure failure = shim_failure (st.st_size ? "mmap" : "fstat", "plan");
    report_failure (shim, 0, &failure);
    return;
  }
  close (fd);
  answer_query (plan, (size_t)st.st_size, SOCKET_FD);
  start_main (shim, plan, (size_t)st.st_size);
  munmap (plan, (size_t)st.st_size);
}

/*
 * All processes of the container inherit this keyring from the shim. It has no name, so no other process can join it.
 * Nothing needs to be kept apart if the kernel has no keys (ENOSYS), or if a filter denies keyctl to likerd and its
 * children (EPERM).
 */
static int join_new_keyring (void) {
  return sys_keyctl (KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EPERM ? -1 : 0;
}

/* Everything that can be done before there is a plan. Returns the call that failed, or NULL. */
static const char *prepare (struct shim *shim) {
  prctl (PR_SET_NAME, "liker-spare", 0, 0, 0);
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return "prctl";
  if (join_new_keyring () < 0)
    return "keyctl";
  shim->epoll = epoll_create1 (EPOLL_CLOEXEC);
  if (shim->epoll < 0)
    return "epoll_create1";
  if (fcntl (SOCKET_FD, F_SETFD, FD_CLOEXEC) < 0)
    return "fcntl";
  return block_signals (shim) < 0 ? "signalfd" : NULL;
}

static const char *connect_daemon (struct shim *shim) {
  prctl (PR_SET_NAME, "liker-shim", 0, 0, 0);
  if (fcntl (SOCKET_FD, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
    return "fcntl";
  shim->daemon = connection_open (shim, SOCKET_FD);
  return shim->daemon ? NULL : "epoll_ctl";
}

/* There is no connection yet: writes one frame to the socket. */
static void report_and_exit (const char *call) {
  struct outbox out = { 0 };
  struct failure failure = shim_failure (call, "shim");
  put_failure (&out, 0, &failure);
  (void)!write (SOCKET_FD, out.data, outbox_waiting (&out));
  _exit (1);
}

int main (void) {
  struct shim shim = { .run = -1, .mounts = -1, .signals = NO_SOURCE, .listener = NO_SOURCE };
  shim.oom = (struct oom){ .source = NO_SOURCE, .counter = -1 };
  shim.log.folder = shim.log.file = shim.network.errors = shim.network.namespace = -1;
  const char *failed_call = prepare (&shim);
  int plan = failed_call ? -1 : await_plan (&shim, SOCKET_FD);
  if (!failed_call)
    failed_call = plan < 0 ? "recvmsg" : connect_daemon (&shim);
  if (failed_call)
    report_and_exit (failed_call);
  read_plan (&shim, plan);
  serve (&shim);
  serve_clients (&shim);
  return 0;
}
