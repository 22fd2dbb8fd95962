#include "allowed.h"
#include <stdlib.h>
#include "answer.h"
#include "base/cleanup.h"
#include "grants.h"
#include "lookup.h"

static void leave_out (struct found *found, const struct container *container) {
  unsigned kept = 0;
  for (unsigned i = 0; i < found->count; i++)
    if (!lookup_has_address (container, &found->address[i]))
      found->address[kept++] = found->address[i];
  found->count = kept;
}

static bool find (struct allowed *allowed, const struct container *container, const unsigned char *reply, size_t size, bool is_own) {
  struct found *found = &allowed->found;
  found->count = 0;
  if (reply[3] & RCODE || reply_is_truncated (reply))
    return true;
  if (!reply_find (found, reply, size, allowed->question.end, allowed->question.type))
    return false;
  if (!is_own)
    leave_out (found, container);
  unsigned most = grants_most (container, allowed->question.name);
  if (found->count > most && most > 0)
    found->count = most;
  return true;
}

struct allowed *allowed_make (const struct container *container, const unsigned char *asked, size_t asked_size, size_t most, const unsigned char *reply,
                              size_t size, bool is_own) {
  cleanup_free struct allowed *allowed = malloc (sizeof *allowed);
  struct answer answer;
  if (!allowed || question_read (&allowed->question, asked, asked_size) != QUESTION_GOOD || !find (allowed, container, reply, size, is_own))
    return NULL;
  struct found *found = &allowed->found;
  answer_begin (&answer, allowed->message, most < MOST_ALLOWED ? most : MOST_ALLOWED, asked, &allowed->question);
  for (unsigned i = 0; i < found->count; i++)
    answer_add_address (&answer, &found->address[i], (uint16_t)found->time_to_live);
  answer.is_truncated |= reply_is_truncated (reply);
  if (answer.is_truncated)
    found->count = 0;
  allowed->size = answer_end (&answer, &allowed->question, reply[3] & RCODE);
  struct allowed *made = allowed;
  allowed = NULL;
  return made;
}
