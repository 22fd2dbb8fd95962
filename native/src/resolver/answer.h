/* An answer, as it is put together. */
#pragma once
#include "address.h"
#include "question.h"

struct answer {
  unsigned char *message;
  size_t size, most;
  size_t question_end;
  unsigned records;
  bool is_truncated;
};

/* Of at most `most` bytes, which are enough for header, question and EDNS, to a message whose question was read; `message` has room for all. */
void answer_begin (struct answer *answer, unsigned char *message, size_t most, const unsigned char *asked, const struct question *question);
void answer_add_address (struct answer *answer, const struct address *address, uint16_t time_to_live);
/* Whose labels are of the right length. */
void answer_add_name (struct answer *answer, const char *name);
/* Returns the size of the message. What does not fit is left out, and the message says so. */
size_t answer_end (struct answer *answer, const struct question *question, unsigned rcode);

/* An answer that is only a header, to a message that has at least one. Returns its size. */
size_t answer_refuse (unsigned char *message, const unsigned char *asked, unsigned rcode);
