/* What a container asks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "message.h"

struct question {
  /* In lower case, without a dot at the end. Empty: the root, or a name that no container has, since it has unusual bytes. */
  char name[MOST_NAME + 1];
  uint16_t type, class;
  size_t end; /* of the question in the message */
  bool has_edns;
  uint8_t edns_version;
  uint16_t answer_size; /* that the asker can take by UDP */
};

enum question_kind {
  QUESTION_GOOD,
  QUESTION_NONE,      /* too short for an answer, or an answer itself */
  QUESTION_MALFORMED, /* gets RCODE_MALFORMED */
  QUESTION_UNKNOWN,   /* not a query: gets RCODE_UNKNOWN_KIND */
};

enum question_kind question_read (struct question *question, const unsigned char *message, size_t size);
