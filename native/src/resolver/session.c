#include "session.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/syscalls.h"
#include "containers.h"
#include "denials.h"
#include "frames.h"
#include "grants.h"
#include "guard.h"
#include "policy.h"
#include "query.h"
#include "servers.h"
#include "zones.h"

/* For who has started the program; and for the shim of a container that likerd did not live to see. */
#define WAIT_MS 10000
/* For answers to what was asked before another program took over. */
#define LAST_WAIT_MS 6000
#define ACCEPT_AGAIN_MS 200

struct session {
  struct list item;
  struct watch watch;
  struct frames frames;
  bool is_likerd;   /* or another resolver */
  bool is_watching; /* denials */
  bool is_last;     /* of the successor: it has all containers but for its answer */
};

static struct list sessions = { &sessions, &sessions };
static struct watch listening = { .fd = -1 };
static struct timer accepting, waiting;
static int lock_fd = -1;
static const char *build;
static bool has_begun, has_waited, is_handed_over;
static struct session *successor;
static struct container *unhanded;

static void waited (struct timer *timer) {
  (void)timer;
  has_waited = true;
}

static void wait_for_next (unsigned ms) {
  has_waited = false;
  timer_set (&waiting, ms, waited);
}

static void session_close (struct session *session) {
  if (successor == session)
    successor = NULL;
  list_remove (&session->item);
  watch_close (&session->watch);
  frames_free (&session->frames);
  free (session);
  if (list_is_empty (&sessions) && !is_handed_over)
    wait_for_next (WAIT_MS);
}

static int answer (struct session *session, int error) {
  const unsigned char byte = (unsigned char)error;
  return RETRY (send (session->watch.fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL)) == sizeof byte ? 0 : -1;
}

static int answer_hello (struct session *session) {
  char bytes[1 + BUILD_SIZE] = { 0 };
  memcpy (bytes + 1, build, BUILD_SIZE);
  return RETRY (send (session->watch.fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL)) == sizeof bytes ? 0 : -1;
}

/* Without an answer likerd starts another program. */
static int greet (struct session *session) {
  session->is_likerd = true;
  return guard_is_lost () ? 0 : answer_hello (session);
}

static int open_sockets (struct session *session, const struct request *request) {
  struct passed *passed = &session->frames.passed;
  int error = successor ? EAGAIN : container_open (request->container, passed->fd, passed->count) < 0 ? errno : 0;
  if (error)
    passed_close (passed);
  passed->count = 0;
  return error;
}

static int join (const struct request *request) {
  struct container *container = container_get (request->container);
  return container && member_join (container, request) == 0 ? 0 : ENOMEM;
}

static int police (const struct request *request) {
  struct container *container = container_get (request->container);
  /* What it sees may be told next, and it would be a container without a policy. */
  if (!container)
    abort ();
  grants_change_policy (container, request->is_policed ? policy_make (request) : NULL);
  return request->is_policed && !guard_is_there () ? EOPNOTSUPP : 0;
}

static int send_denial (const unsigned char *frame, size_t size) {
  int sent = 0;
  for (struct list *item = sessions.next; item != &sessions; item = item->next) {
    const struct session *session = ITEM (item, struct session, item);
    if (session->is_watching && sent <= 0)
      sent = RETRY (send (session->watch.fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL)) == (ssize_t)size ? 1 : -1;
  }
  return sent;
}

/* -1: it has ended. */
static int watch_denials (struct session *session) {
  session->is_watching = true;
  if (answer (session, 0) < 0)
    return -1;
  denials_send ();
  return 0;
}

static void leave (const struct request *request) {
  struct container *container = container_find (request->container);
  if (container)
    member_leave (container, request->network);
}

static void forget (const struct request *request) {
  struct container *container = container_find (request->container);
  if (container)
    container_remove (container);
}

static void find_unhanded (struct container *container) {
  if (!container->is_handed && container->udp.fd >= 0)
    unhanded = container;
}

/* One container after the other, each when the one before has arrived; then the end. */
static int hand_over_next (struct session *session) {
  unhanded = NULL;
  containers_each (find_unhanded);
  unsigned char frame[LENGTH_SIZE + 1 + ID_SIZE] = { 1, 0, 0, 0, 'E' };
  if (!unhanded) {
    session->is_last = true;
    return send_passed (session->watch.fd, frame, LENGTH_SIZE + 1, &(struct passed){ .count = 0 });
  }
  unhanded->is_handed = true;
  frame[0] = 1 + ID_SIZE;
  frame[LENGTH_SIZE] = 'O';
  memcpy (frame + LENGTH_SIZE + 1, unhanded->id, ID_SIZE);
  const struct passed passed = { .count = unhanded->process.fd < 0 ? SOCKET_PROCESS : MOST_SOCKETS,
                                 .fd = { unhanded->udp.fd, unhanded->tcp.fd, unhanded->process.fd } };
  return send_passed (session->watch.fd, frame, sizeof frame, &passed);
}

static void keep (struct container *container) { container->is_handed = false; }

static int take_over (struct session *session) {
  if (successor)
    return -1;
  containers_each (keep);
  successor = session;
  return hand_over_next (session);
}

/* -1: the session is to be closed. */
static int handle (struct session *session, const struct request *request) {
  switch (request->kind) {
    case 'H': return greet (session);
    case 'T': return take_over (session);
    case 'O': return answer (session, open_sockets (session, request));
    case 'W': return watch_denials (session);
    case 'J': return answer (session, join (request));
    case 'P': return answer (session, police (request));
    case 'S': return answer (session, container_show (request) < 0 ? errno : 0);
    case 'U': return answer (session, servers_set_common (request) < 0 ? ENOMEM : 0);
    case 'L': leave (request); break;
    case 'R': forget (request); break;
    case 'B': containers_begin (); break;
    case 'E': containers_end (); break;
    case 'G': grants_put_back (); break;
    default: return -1;
  }
  return answer (session, 0);
}

static void all_stop (struct container *container) { container_stop (container); }

/* The other program has everything. This one only answers what it was asked before. */
static void end_handing_over (void) {
  is_handed_over = true;
  containers_each (all_stop);
  guard_leave_packets ();
  watch_close (&listening);
  timer_stop (&accepting);
  close (lock_fd);
  wait_for_next (LAST_WAIT_MS);
}

/* Its bytes are answers from now on. -1: it has ended. */
static int hear_successor (struct session *session) {
  unsigned char byte;
  ssize_t got = RETRY (recv (session->watch.fd, &byte, sizeof byte, MSG_DONTWAIT));
  if (got <= 0)
    return got < 0 && errno == EAGAIN ? 0 : -1;
  if (!session->is_last)
    return hand_over_next (session);
  end_handing_over ();
  return 0;
}

static int hear (struct session *session) {
  if (is_handed_over)
    return -1;
  int got = frames_receive (&session->frames, session->watch.fd);
  if (got <= 0)
    return got < 0 && errno == EAGAIN ? 0 : -1;
  struct request request;
  int found;
  while ((found = frames_next (&session->frames, &request)) > 0)
    if (handle (session, &request) < 0)
      return -1;
  return found;
}

static void session_ready (struct watch *watch, uint32_t events) {
  (void)events;
  struct session *session = ITEM (watch, struct session, watch);
  if ((session == successor ? hear_successor (session) : hear (session)) < 0)
    session_close (session);
}

static void session_open (int fd) {
  struct session *session = calloc (1, sizeof *session);
  if (!session || watch_open (&session->watch, fd, EPOLLIN, session_ready) < 0) {
    close (fd);
    free (session);
    return;
  }
  list_append (&sessions, &session->item);
  has_begun = true;
}

static void accept_again (struct timer *timer) {
  (void)timer;
  watch_change (&listening, EPOLLIN);
}

static void listening_ready (struct watch *watch, uint32_t events) {
  (void)events;
  int fd = RETRY (accept4 (watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd >= 0) {
    session_open (fd);
    return;
  }
  if (errno == EAGAIN || errno == ECONNABORTED)
    return;
  /* Without fds, the one that waits would be an event for ever. */
  query_evict ();
  watch_change (watch, 0);
  timer_set (&accepting, ACCEPT_AGAIN_MS, accept_again);
}

int sessions_begin (int listener, int lock, const char *own_build) {
  build = own_build;
  lock_fd = lock;
  denials_begin (send_denial);
  wait_for_next (WAIT_MS);
  return watch_open (&listening, listener, EPOLLIN, listening_ready);
}

/* It starts another program, which can have a guard. Without likerd this one goes on, for containers that have no policy. */
static bool is_better_ended (void) {
  for (struct list *item = sessions.next; guard_is_lost () && item != &sessions; item = item->next)
    if (ITEM (item, struct session, item)->is_likerd)
      return true;
  return false;
}

bool sessions_are_over (void) {
  if (is_handed_over)
    return has_waited || queries_are_none ();
  if (is_better_ended ())
    return true;
  if (!list_is_empty (&sessions) || !containers_are_silent ())
    return false;
  return has_waited || (has_begun && containers_are_none ());
}
