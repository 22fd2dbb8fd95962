#include "guard.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "guard_process.h"
#include "loop.h"

/* A change that another program makes to nftables may take long. */
#define PATIENCE_S 20
/* Answers to all changes that are on their way fit into it, so that each side can always go on. */
#define ROOM (4 << 20)

static struct watch guard = { .fd = -1 };
static int early_fd = -1; /* until it is watched */
static struct list waits = { &waits, &waits };
static uint32_t last_id;
static bool was_there;
static void (*recalled) (const struct element *element);
static void (*denied) (const char *interface, const unsigned char *packet, size_t size);

static int make_room (int fd) {
  const int room = ROOM;
  return setsockopt (fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
}

/* No folder stays in use, and who waits for the end of the resolver's output does not wait for the guard. */
static int let_go (int kept) {
  if (chdir ("/") < 0 || dup2 (kept, STDIN_FILENO) < 0 || sys_close_range (STDERR_FILENO + 1, ~0u, 0) < 0)
    return -1;
  int nothing = open ("/dev/null", O_RDWR | O_CLOEXEC);
  return nothing < 0 || dup2 (nothing, STDOUT_FILENO) < 0 || dup2 (nothing, STDERR_FILENO) < 0 || close (nothing) < 0 ? -1 : 0;
}

int guard_begin (const char *table, uint16_t group) {
  int pair[2];
  const struct timeval patience = { .tv_sec = PATIENCE_S };
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  cleanup_fd int own = pair[0];
  cleanup_fd int other = pair[1];
  /* Nobody waits for the guard's end. */
  signal (SIGCHLD, SIG_IGN);
  if (make_room (own) < 0 || make_room (other) < 0 || setsockopt (own, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
    return -1;
  pid_t pid = fork ();
  if (pid < 0)
    return -1;
  if (pid == 0) {
    if (let_go (other) < 0)
      _exit (1);
    guard_process (STDIN_FILENO, table, group);
  }
  early_fd = steal_fd (&own);
  was_there = true;
  return 0;
}

static void lose (void) {
  watch_close (&guard);
  while (!list_is_empty (&waits)) {
    struct guard_wait *wait = ITEM (waits.next, struct guard_wait, item);
    list_remove (&wait->item);
    wait->done (wait, EPIPE);
  }
}

static void take (const struct guard_news *news) {
  if (news->kind == NEWS_PACKET)
    denied (news->packet.interface, news->packet.bytes, news->packet.size);
  if (news->kind == NEWS_ELEMENT)
    recalled (&news->element);
  if (news->kind != NEWS_DONE)
    return;
  struct guard_wait *wait = ITEM (waits.next, struct guard_wait, item);
  /* They come in the order of the changes. */
  if (list_is_empty (&waits) || wait->id != news->id)
    return;
  list_remove (&wait->item);
  wait->done (wait, news->error);
}

/* Takes what there is to hear first. False if there is none. */
static bool hear (int flags) {
  struct guard_news news;
  ssize_t got = RETRY (recv (guard.fd, &news, sizeof news, flags));
  if (got < 0 && errno == EAGAIN && flags & MSG_DONTWAIT)
    return false;
  if (got != sizeof news) {
    lose ();
    return false;
  }
  take (&news);
  return true;
}

static void guard_ready (struct watch *watch, uint32_t events) {
  (void)watch;
  (void)events;
  hear (MSG_DONTWAIT);
}

int guard_watch (void (*denied_packet) (const char *interface, const unsigned char *packet, size_t size)) {
  denied = denied_packet;
  if (early_fd < 0)
    return 0;
  if (watch_open (&guard, early_fd, EPOLLIN, guard_ready) < 0)
    return -1;
  early_fd = -1;
  return 0;
}

bool guard_is_there (void) { return guard.fd >= 0; }

bool guard_is_lost (void) { return was_there && guard.fd < 0; }

int guard_ask (struct guard_change *change, struct guard_wait *wait, void (*done) (struct guard_wait *wait, int error)) {
  if (guard.fd < 0)
    return failed (was_there ? EPIPE : EOPNOTSUPP);
  change->id = ++last_id;
  *wait = (struct guard_wait){ .id = change->id, .done = done };
  if (RETRY (send (guard.fd, change, sizeof *change, MSG_NOSIGNAL)) != sizeof *change)
    return -1;
  list_append (&waits, &wait->item);
  return 0;
}

void guard_settle (void) {
  while (guard.fd >= 0 && !list_is_empty (&waits))
    hear (0);
}

static void ignore (struct guard_wait *wait, int error) {
  (void)wait;
  (void)error;
}

void guard_recall (void (*found) (const struct element *element)) {
  static struct guard_change nothing;
  static struct guard_wait wait;
  recalled = found;
  if (guard_ask (&nothing, &wait, ignore) == 0)
    guard_settle ();
}

void guard_leave_packets (void) {
  static struct guard_change leaving = { .leaves_packets = true };
  static struct guard_wait wait;
  guard_ask (&leaving, &wait, ignore);
}
