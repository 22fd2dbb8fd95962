#include "ask.h"
#include "answer.h"
#include "denials.h"
#include "lookup.h"
#include "policy.h"
#include "query.h"
#include "reverse.h"
#include "servers.h"

/* For one answer at a time, of which an asker makes a copy. */
static unsigned char message_out[MOST_MESSAGE];

/* More never comes from the tables by UDP: it would be cut off on its way. */
#define MOST_BY_UDP 4096

static size_t size_for (const struct asker *asker, const struct question *question) {
  if (asker->connection)
    return MOST_MESSAGE;
  return question->answer_size < MOST_BY_UDP ? question->answer_size : MOST_BY_UDP;
}

/* Nothing but the question goes on: the rest could hold anything. */
static size_t only_question (unsigned char *only, const unsigned char *message, const struct question *question) {
  struct answer answer;
  answer_begin (&answer, only, PLAIN_SIZE, message, question);
  size_t size = answer_end (&answer, question, RCODE_OK);
  only[2] = message[2] & WANTS_RECURSION;
  only[3] = 0;
  return size;
}

static void deny (struct container *container, const struct question *question) {
  const struct denied denied = { .kind = DENIED_NAME, .name = question->name };
  denials_add (container, &denied);
}

static bool is_address (unsigned type) { return type == TYPE_A || type == TYPE_AAAA; }

/* Answers what needs no address to be reached. */
static void answer_plainly (const struct asker *asker, struct answer *answer, const struct question *question, unsigned rcode) {
  asker->answer (asker, message_out, answer_end (answer, question, rcode));
}

/*
 * Of allowed names only addresses, and of addresses only names that the networks have. What is not allowed does not exist: programs with musl wait for
 * seconds after a refusal, and those with glibc ask again.
 */
static void answer_policed (const struct asker *asker, const unsigned char *message, const struct question *question, struct answer *answer) {
  const struct container *container = asker->container;
  static struct ports ports;
  struct address address;
  if (question->edns_version > 0)
    answer_plainly (asker, answer, question, RCODE_BAD_VERSION);
  else if (question->class != CLASS_IN || !policy_allows (container->policy, question->name, &ports)) {
    bool is_reverse = question->type == TYPE_PTR && policy_has_rules (container->policy) && reverse_read (question->name, &address);
    bool is_known = is_reverse && lookup (container, question, answer);
    if (!is_known)
      deny (asker->container, question);
    answer_plainly (asker, answer, question, is_known ? RCODE_OK : RCODE_NO_NAME);
  } else if (!is_address (question->type))
    answer_plainly (asker, answer, question, RCODE_OK);
  else {
    unsigned char asked[PLAIN_SIZE];
    size_t size = only_question (asked, message, question);
    if (lookup (container, question, answer))
      query_allow (asker, asked, size, question, message_out, answer_end (answer, question, RCODE_OK));
    else if (servers_of (container)->count > 0)
      query_begin (asker, asked, size, question);
    else
      answer_plainly (asker, answer, question, container->servers ? RCODE_NO_NAME : RCODE_SERVER_FAILURE);
  }
}

static void answer_question (const struct asker *asker, const unsigned char *message, size_t size, const struct question *question) {
  struct answer answer;
  answer_begin (&answer, message_out, size_for (asker, question), message, question);
  unsigned rcode;
  if (asker->container->policy) {
    answer_policed (asker, message, question, &answer);
    return;
  }
  if (question->edns_version > 0)
    rcode = RCODE_BAD_VERSION;
  else if (lookup (asker->container, question, &answer))
    rcode = RCODE_OK;
  else if (servers_of (asker->container)->count > 0) {
    query_begin (asker, message, size, question);
    return;
  } else /* Without servers of its own nothing else exists for the container; without common ones, the host has lost its own. */
    rcode = asker->container->servers ? RCODE_NO_NAME : RCODE_SERVER_FAILURE;
  asker->answer (asker, message_out, answer_end (&answer, question, rcode));
}

void ask (const struct asker *asker, const unsigned char *message, size_t size) {
  struct question question;
  switch (question_read (&question, message, size)) {
    case QUESTION_NONE: break;
    case QUESTION_MALFORMED: asker->answer (asker, message_out, answer_refuse (message_out, message, RCODE_MALFORMED)); break;
    case QUESTION_UNKNOWN: asker->answer (asker, message_out, answer_refuse (message_out, message, RCODE_UNKNOWN_KIND)); break;
    case QUESTION_GOOD: answer_question (asker, message, size, &question); break;
  }
}
