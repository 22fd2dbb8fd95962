#include "ask.h"
#include "answer.h"
#include "lookup.h"
#include "query.h"
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

static void answer_question (const struct asker *asker, const unsigned char *message, size_t size, const struct question *question) {
  struct answer answer;
  answer_begin (&answer, message_out, size_for (asker, question), message, question);
  unsigned rcode;
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
