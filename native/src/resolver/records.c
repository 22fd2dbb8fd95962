#include "records.h"
#include "message.h"

#define FIXED_SIZE 10 /* type, class, time to live, length */

/* It is not looked at. */
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

bool record_read (struct record *record, struct reader *reader) {
  if (!skip_name (reader) || reader->size - reader->at < FIXED_SIZE)
    return false;
  const unsigned char *at = reader->message + reader->at;
  *record = (struct record){ .type = get_16 (at),
                             .class = get_16 (at + 2),
                             .time_to_live = (uint32_t)get_16 (at + 4) << 16 | get_16 (at + 6),
                             .length = get_16 (at + 8),
                             .data = at + FIXED_SIZE };
  reader->at += FIXED_SIZE;
  if (record->length > reader->size - reader->at)
    return false;
  reader->at += record->length;
  return true;
}
