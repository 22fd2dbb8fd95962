#include "question.h"
#include <string.h>
#include "records.h"

enum { QUESTIONS = 4, ANSWERS = 6, AUTHORITIES = 8, ADDITIONS = 10 }; /* counts in the header */
/* More than an EDNS record and a signature makes no sense. */
#define MOST_RECORDS 8

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

static void take_edns (struct question *question, const struct record *record) {
  question->has_edns = true;
  question->answer_size = record->class > PLAIN_SIZE ? record->class : PLAIN_SIZE;
  question->edns_version = (uint8_t)(record->time_to_live >> 16);
}

static bool read_record (struct question *question, struct reader *reader) {
  struct record record;
  if (!record_read (&record, reader))
    return false;
  if (record.type == TYPE_OPT && !question->has_edns)
    take_edns (question, &record);
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
