#include "question.h"
#include <string.h>

enum { QUESTIONS = 4, ANSWERS = 6, AUTHORITIES = 8, ADDITIONS = 10 }; /* counts in the header */
#define RECORD_SIZE 10                                                /* type, class, time to live, length */
/* More than an EDNS record and a signature makes no sense. */
#define MOST_RECORDS 8

struct reader {
  const unsigned char *message;
  size_t at, size;
};

static bool is_usual (unsigned char byte) { return byte > ' ' && byte < 0x7f && byte != '.'; }

static char lower (unsigned char byte) { return (char)(byte >= 'A' && byte <= 'Z' ? byte + 'a' - 'A' : byte); }

/* The name of a question: labels, without pointers. */
static bool read_name (struct reader *reader, char *name) {
  size_t length = 0;
  bool usual = true;
  for (;;) {
    if (reader->at == reader->size)
      return false;
    size_t label = reader->message[reader->at++];
    if (label == 0)
      break;
    if (label > MOST_LABEL || label > reader->size - reader->at || length + (length > 0) + label > MOST_NAME)
      return false;
    if (length)
      name[length++] = '.';
    for (; label; label--) {
      unsigned char byte = reader->message[reader->at++];
      usual = usual && is_usual (byte);
      name[length++] = lower (byte);
    }
  }
  name[usual ? length : 0] = '\0';
  return true;
}

/* The name of a record, which is not looked at. */
static bool skip_name (struct reader *reader) {
  while (reader->at < reader->size) {
    size_t label = reader->message[reader->at++];
    if (label == 0)
      return true;
    bool is_pointer = (label & 0xc0) == 0xc0;
    if (label > MOST_LABEL && !is_pointer)
      return false;
    size_t rest = is_pointer ? 1 : label;
    if (rest > reader->size - reader->at)
      return false;
    reader->at += rest;
    if (is_pointer)
      return true;
  }
  return false;
}

static void take_edns (struct question *question, const unsigned char *record) {
  uint16_t size = get_16 (record + 2);
  question->has_edns = true;
  question->answer_size = size > PLAIN_SIZE ? size : PLAIN_SIZE;
  question->edns_version = record[5];
}

static bool read_record (struct question *question, struct reader *reader) {
  if (!skip_name (reader) || reader->size - reader->at < RECORD_SIZE)
    return false;
  const unsigned char *record = reader->message + reader->at;
  size_t length = get_16 (record + 8);
  reader->at += RECORD_SIZE;
  if (length > reader->size - reader->at)
    return false;
  reader->at += length;
  if (get_16 (record) == TYPE_OPT && !question->has_edns)
    take_edns (question, record);
  return true;
}

enum question_kind question_read (struct question *question, const unsigned char *message, size_t size) {
  *question = (struct question){ .answer_size = PLAIN_SIZE };
  if (size < HEADER_SIZE || message[2] & IS_ANSWER)
    return QUESTION_NONE;
  if (message[2] & KIND)
    return QUESTION_UNKNOWN;
  unsigned records = get_16 (message + ANSWERS) + get_16 (message + AUTHORITIES) + get_16 (message + ADDITIONS);
  struct reader reader = { .message = message, .at = HEADER_SIZE, .size = size };
  if (get_16 (message + QUESTIONS) != 1 || records > MOST_RECORDS || !read_name (&reader, question->name) || size - reader.at < 4)
    return QUESTION_MALFORMED;
  question->type = get_16 (message + reader.at);
  question->class = get_16 (message + reader.at + 2);
  question->end = reader.at += 4;
  while (records--)
    if (!read_record (question, &reader))
      return QUESTION_MALFORMED;
  return QUESTION_GOOD;
}
