#include "answer.h"
#include <string.h>

#define NAME_TIME_TO_LIVE 1
/* What is taken by UDP. Nothing is lost on the way, but what is larger than a packet of the loopback interface is refused. */
#define EDNS_SIZE 4096
#define POINTER_TO_QUESTION (0xc000 | HEADER_SIZE)
#define RECORD_SIZE 12 /* with the pointer in the place of the name */
#define EDNS_RECORD_SIZE 11

static void put_header (unsigned char *message, const unsigned char *asked, unsigned flags, unsigned rcode) {
  memset (message, 0, HEADER_SIZE);
  memcpy (message, asked, 2);
  message[2] = (unsigned char)(IS_ANSWER | (asked[2] & (KIND | WANTS_RECURSION)) | flags);
  message[3] = (unsigned char)(HAS_RECURSION | (asked[3] & IS_UNCHECKED) | (rcode & RCODE));
}

size_t answer_refuse (unsigned char *message, const unsigned char *asked, unsigned rcode) {
  put_header (message, asked, 0, rcode);
  return HEADER_SIZE;
}

void answer_begin (struct answer *answer, unsigned char *message, size_t most, const unsigned char *asked, const struct question *question) {
  put_header (message, asked, 0, RCODE_OK);
  memcpy (message + HEADER_SIZE, asked + HEADER_SIZE, question->end - HEADER_SIZE);
  put_16 (message + 4, 1);
  *answer = (struct answer){ .message = message,
                             .size = question->end,
                             .most = most - (question->has_edns ? EDNS_RECORD_SIZE : 0),
                             .question_end = question->end };
}

/* The start of a record's data; NULL if there is no room. */
static unsigned char *add_record (struct answer *answer, unsigned type, uint16_t time_to_live, size_t length) {
  if (answer->is_truncated || answer->most - answer->size < RECORD_SIZE + length) {
    answer->is_truncated = true;
    return NULL;
  }
  unsigned char *at = answer->message + answer->size;
  put_16 (at, POINTER_TO_QUESTION);
  put_16 (at + 2, type);
  put_16 (at + 4, CLASS_IN);
  put_16 (at + 6, 0);
  put_16 (at + 8, time_to_live);
  put_16 (at + 10, (unsigned)length);
  answer->size += RECORD_SIZE + length;
  answer->records++;
  return at + RECORD_SIZE;
}

void answer_add_address (struct answer *answer, const struct address *address, uint16_t time_to_live) {
  unsigned char *data = add_record (answer, address->size == 4 ? TYPE_A : TYPE_AAAA, time_to_live, address->size);
  if (data)
    memcpy (data, address->bytes, address->size);
}

void answer_add_name (struct answer *answer, const char *name) {
  size_t length = strlen (name);
  unsigned char *data = add_record (answer, TYPE_PTR, NAME_TIME_TO_LIVE, length + 2);
  if (!data)
    return;
  while (*name) {
    size_t label = strcspn (name, ".");
    *data++ = (unsigned char)label;
    memcpy (data, name, label);
    data += label;
    name += label + (name[label] == '.');
  }
  *data = 0;
}

static void put_edns (struct answer *answer, unsigned rcode) {
  unsigned char *at = answer->message + answer->size;
  memset (at, 0, EDNS_RECORD_SIZE);
  put_16 (at + 1, TYPE_OPT);
  put_16 (at + 3, EDNS_SIZE);
  at[5] = (unsigned char)(rcode >> 4);
  put_16 (answer->message + 10, 1);
  answer->size += EDNS_RECORD_SIZE;
}

size_t answer_end (struct answer *answer, const struct question *question, unsigned rcode) {
  unsigned char *message = answer->message;
  if (answer->is_truncated) {
    /* Whoever asks again by TCP needs none of them; a part would be taken for all by who does not. */
    answer->size = answer->question_end;
    answer->records = 0;
    message[2] |= IS_TRUNCATED;
  }
  message[2] |= IS_AUTHORITY;
  message[3] = (unsigned char)((message[3] & ~RCODE) | (rcode & RCODE));
  put_16 (message + 6, answer->records);
  if (question->has_edns)
    put_edns (answer, rcode);
  return answer->size;
}
