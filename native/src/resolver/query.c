#include "query.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "allowed.h"
#include "answer.h"
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "chance.h"
#include "denials.h"
#include "grants.h"
#include "reply.h"
#include "servers.h"
#include "exchange.h"

/* Below the 5 s after which most programs ask again. */
#define PATIENCE_MS 4500
/* A server that has not answered by then is asked once more, or another one is. */
#define LONGEST_GAP_MS 2000
#define ROUNDS 2
#define MOST_ATTEMPTS 8
/* Each of them has a socket or more. */
#define MOST_QUERIES 1024
/* Of others, for each time that a socket is looked at. */
#define MOST_STRAY 16

struct attempt {
  struct watch watch;
  struct query *query;
  uint16_t id;
  uint8_t server;
};

struct query {
  struct list all, of_container, of_connection;
  struct asker asker;
  struct timer timer;
  uint64_t deadline;
  struct servers *servers;
  unsigned first;    /* server */
  unsigned refusals; /* a bit for each server */
  unsigned attempts;
  struct attempt attempt[MOST_ATTEMPTS];
  struct exchange exchange;
  uint16_t end, answer_size; /* of the question; of what the asker can take */
  uint8_t refusal;           /* the last one's code; 0: none */
  struct allowed *allowed;   /* the answer that waits for the guard; NULL: none */
  struct giving *giving;
  size_t size;
  unsigned char message[];
};

static struct list queries = { &queries, &queries };
static unsigned char reply[MOST_MESSAGE];

static void stop_asking (struct query *query) {
  timer_stop (&query->timer);
  for (unsigned i = 0; i < query->attempts; i++)
    watch_close (&query->attempt[i].watch);
  exchange_close (&query->exchange);
}

static void query_free (struct query *query) {
  stop_asking (query);
  list_remove (&query->all);
  list_remove (&query->of_container);
  list_remove (&query->of_connection);
  query->asker.container->query_count--;
  servers_release (query->servers);
  giving_abandon (query->giving);
  free (query->allowed);
  free (query);
}

void queries_forget (struct container *container) {
  for (struct list *item = container->queries.next, *next; item != &container->queries; item = next) {
    next = item->next;
    query_free (ITEM (item, struct query, of_container));
  }
}

void queries_forget_connection (struct list *of_connection) {
  for (struct list *item = of_connection->next, *next; item != of_connection; item = next) {
    next = item->next;
    query_free (ITEM (item, struct query, of_connection));
  }
}

/* Not `spared`. */
static bool evict (const struct query *spared) {
  struct query *worst = NULL;
  for (struct list *item = queries.next; item != &queries; item = item->next) {
    struct query *query = ITEM (item, struct query, all);
    if (query != spared && (!worst || query->asker.container->query_count > worst->asker.container->query_count))
      worst = query;
  }
  if (worst)
    query_free (worst);
  return worst;
}

bool queries_are_none (void) { return list_is_empty (&queries); }

bool query_evict (void) { return evict (NULL); }

/* Answers, and forgets the question. */
static void finish (struct query *query, const unsigned char *message, size_t size) {
  const struct asker asker = query->asker;
  query_free (query);
  asker.answer (&asker, message, size);
}

static void fail (struct query *query) {
  struct question question;
  struct answer answer;
  question_read (&question, query->message, query->size);
  answer_begin (&answer, reply, PLAIN_SIZE, query->message, &question);
  finish (query, reply, answer_end (&answer, &question, query->refusal ? query->refusal : RCODE_SERVER_FAILURE));
}

static void given (void *owner, int error) {
  struct query *query = owner;
  query->giving = NULL;
  if (error) {
    const struct denied denied = { .kind = DENIED_NAME, .name = query->allowed->question.name };
    denials_add (query->asker.container, &denied);
    fail (query);
    return;
  }
  cleanup_free struct allowed *allowed = query->allowed;
  query->allowed = NULL;
  finish (query, allowed->message, allowed->size);
}

/* The addresses can be reached before the asker knows them. */
static void deliver_allowed (struct query *query, const unsigned char *message, size_t size, bool is_own) {
  struct container *container = query->asker.container;
  size_t most = query->asker.connection ? MOST_MESSAGE : query->answer_size;
  struct allowed *allowed = query->allowed = allowed_make (container, query->message, query->size, most, message, size, is_own);
  if (!allowed) {
    fail (query);
    return;
  }
  stop_asking (query);
  const struct found *found = &allowed->found;
  int is_given = 1;
  if (found->count > 0)
    is_given = grants_give (container, allowed->question.name, found->address, found->count, found->time_to_live, given, query, &query->giving);
  if (is_given != 0)
    given (query, is_given < 0 ? errno : 0);
}

static void deliver (struct query *query, unsigned char *message, size_t size) {
  if (query->asker.container->policy) {
    deliver_allowed (query, message, size, false);
    return;
  }
  reply_adapt (message, query->message, query->end);
  if (!query->asker.connection && size > query->answer_size)
    size = reply_truncate (message, query->end);
  finish (query, message, size);
}

static bool is_waiting (const struct query *query) {
  for (unsigned i = 0; i < query->attempts; i++)
    if (query->attempt[i].watch.fd >= 0)
      return true;
  return query->exchange.watch.fd >= 0;
}

static unsigned most_attempts (const struct query *query) {
  unsigned most = query->servers->count * ROUNDS;
  return most < MOST_ATTEMPTS ? most : MOST_ATTEMPTS;
}

static void attempt_ready (struct watch *watch, uint32_t events);
static void query_due (struct timer *timer);

/* The question with another id. */
static ssize_t send_question (int fd, const struct query *query, uint16_t id) {
  unsigned char begin[2];
  put_16 (begin, id);
  struct iovec parts[] = { { begin, sizeof begin }, { (void *)(query->message + sizeof begin), query->size - sizeof begin } };
  const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
  return RETRY (sendmsg (fd, &message, MSG_NOSIGNAL));
}

static int socket_for (const struct query *query, int family) {
  int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || !evict (query))
    return fd;
  return socket (family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* A socket of its own, with a random port, that takes datagrams of this server only. -1 and errno. */
static int attempt_begin (struct query *query, struct attempt *attempt) {
  const union place *place = &query->servers->place[attempt->server];
  cleanup_fd int fd = socket_for (query, place->any.sa_family);
  if (fd < 0 || connect (fd, &place->any, place_size (place)) < 0 || send_question (fd, query, attempt->id) < 0 ||
      watch_open (&attempt->watch, fd, EPOLLIN, attempt_ready) < 0)
    return -1;
  steal_fd (&fd);
  return 0;
}

/* Asks the next server that has not refused, if there is one. Fails, and forgets the question, when nobody is left to answer. */
static void next_attempt (struct query *query) {
  unsigned count = query->servers->count;
  while (query->attempts < most_attempts (query)) {
    struct attempt *attempt = &query->attempt[query->attempts];
    *attempt = (struct attempt){ .watch = NO_WATCH, .query = query, .id = chance_16 (), .server = (uint8_t)((query->first + query->attempts) % count) };
    query->attempts++;
    if (!(query->refusals & 1u << attempt->server) && attempt_begin (query, attempt) == 0)
      break;
  }
  if (!is_waiting (query)) {
    fail (query);
    return;
  }
  uint64_t now = loop_ms (), left = query->deadline > now ? query->deadline - now : 0;
  unsigned most = most_attempts (query);
  unsigned gap = most > PATIENCE_MS / LONGEST_GAP_MS ? PATIENCE_MS / most : LONGEST_GAP_MS;
  bool is_last = query->attempts == most;
  timer_set (&query->timer, is_last || left < gap ? (unsigned)left : gap, query_due);
}

static void query_due (struct timer *timer) {
  struct query *query = ITEM (timer, struct query, timer);
  if (loop_ms () >= query->deadline) {
    fail (query);
    return;
  }
  /* The server that is silent comes last from now on. */
  struct servers *servers = query->servers;
  if (query->attempts > 0 && query->attempt[query->attempts - 1].server == servers->first)
    servers->first = (servers->first + 1) % servers->count;
  next_attempt (query);
}

static void exchange_over (struct exchange *exchange, unsigned char *message, size_t size) {
  struct query *query = ITEM (exchange, struct query, exchange);
  if (message && reply_fits (message, size, query->message, query->end, exchange->id)) {
    memcpy (reply, message, size);
    deliver (query, reply, size);
    return;
  }
  exchange_close (exchange);
  next_attempt (query);
}

/* The asker can take the whole answer: the server is asked once more. */
static void ask_by_tcp (struct query *query, const struct attempt *attempt) {
  const union place *place = &query->servers->place[attempt->server];
  query->refusals |= 1u << attempt->server;
  query->deadline = loop_ms () + PATIENCE_MS;
  if (exchange_begin (&query->exchange, place, chance_16 (), query->message, query->size, exchange_over) == 0)
    timer_set (&query->timer, PATIENCE_MS, query_due);
  else
    next_attempt (query);
}

static void take_reply (struct query *query, struct attempt *attempt, size_t size) {
  watch_close (&attempt->watch);
  if (reply_is_failure (reply)) {
    query->refusal = reply[3] & RCODE;
    query->refusals |= 1u << attempt->server;
    next_attempt (query);
  } else if (reply_is_truncated (reply) && query->asker.connection)
    ask_by_tcp (query, attempt);
  else
    deliver (query, reply, size);
}

/* Others may send anything from the server's address. */
static void attempt_ready (struct watch *watch, uint32_t events) {
  (void)events;
  struct attempt *attempt = ITEM (watch, struct attempt, watch);
  struct query *query = attempt->query;
  for (unsigned stray = 0; stray < MOST_STRAY; stray++) {
    ssize_t size = RETRY (recv (watch->fd, reply, sizeof reply, 0));
    if (size < 0 && errno == EAGAIN)
      return;
    if (size < 0) { /* no server there */
      watch_close (watch);
      next_attempt (query);
      return;
    }
    if (reply_fits (reply, (size_t)size, query->message, query->end, attempt->id)) {
      take_reply (query, attempt, (size_t)size);
      return;
    }
  }
}

/* NULL without memory. */
static struct query *query_make (const struct asker *asker, const unsigned char *message, size_t size, const struct question *question) {
  struct container *container = asker->container;
  if (container->query_count >= MOST_QUERIES)
    query_free (ITEM (container->queries.next, struct query, of_container));
  struct query *query = calloc (1, sizeof *query + size);
  if (!query)
    return NULL;
  query->asker = *asker;
  query->servers = servers_take (servers_of (container));
  query->first = query->servers->first;
  query->exchange = NO_EXCHANGE;
  query->end = (uint16_t)question->end;
  query->answer_size = question->answer_size;
  query->size = size;
  query->deadline = loop_ms () + PATIENCE_MS;
  memcpy (query->message, message, size);
  list_append (&queries, &query->all);
  list_append (&container->queries, &query->of_container);
  if (asker->queries)
    list_append (asker->queries, &query->of_connection);
  container->query_count++;
  return query;
}

void query_begin (const struct asker *asker, const unsigned char *message, size_t size, const struct question *question) {
  struct query *query = query_make (asker, message, size, question);
  if (query)
    next_attempt (query);
}

void query_allow (const struct asker *asker, const unsigned char *asked, size_t size, const struct question *question, const unsigned char *own,
                  size_t own_size) {
  struct query *query = query_make (asker, asked, size, question);
  if (query)
    deliver_allowed (query, own, own_size, true);
}
