#include "reply.h"
#include <string.h>
#include "message.h"
#include "records.h"

#define TYPE_AND_CLASS 4

static unsigned char lower (unsigned char byte) { return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 'a' - 'A') : byte; }

/* The lengths of labels are less than any letter, and so compared as they are. */
static bool is_same_name (const unsigned char *one, const unsigned char *other, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (lower (one[i]) != lower (other[i]))
      return false;
  return true;
}

/* Old servers repeat no question that they do not understand. */
static bool is_bare_refusal (const unsigned char *message) { return get_16 (message + 4) == 0 && message[3] & RCODE; }

bool reply_fits (const unsigned char *message, size_t size, const unsigned char *asked, size_t end, uint16_t id) {
  if (size < HEADER_SIZE || get_16 (message) != id || !(message[2] & IS_ANSWER) || message[2] & KIND)
    return false;
  if (is_bare_refusal (message))
    return true;
  if (size < end || get_16 (message + 4) != 1)
    return false;
  size_t name = end - HEADER_SIZE - TYPE_AND_CLASS;
  return is_same_name (message + HEADER_SIZE, asked + HEADER_SIZE, name) &&
         !memcmp (message + end - TYPE_AND_CLASS, asked + end - TYPE_AND_CLASS, TYPE_AND_CLASS);
}

void reply_adapt (unsigned char *message, const unsigned char *asked, size_t end) {
  memcpy (message, asked, 2);
  if (!is_bare_refusal (message))
    memcpy (message + HEADER_SIZE, asked + HEADER_SIZE, end - HEADER_SIZE);
}

bool reply_is_truncated (const unsigned char *message) { return message[2] & IS_TRUNCATED; }

bool reply_is_failure (const unsigned char *message) {
  unsigned rcode = message[3] & RCODE;
  return rcode == RCODE_SERVER_FAILURE || rcode == RCODE_UNKNOWN_KIND || rcode == RCODE_REFUSED;
}

size_t reply_truncate (unsigned char *message, size_t end) {
  message[2] |= IS_TRUNCATED;
  memset (message + 6, 0, HEADER_SIZE - 6);
  return end;
}

static bool has (const struct found *found, const struct address *address) {
  for (unsigned i = 0; i < found->count; i++)
    if (address_is_same (&found->address[i], address))
      return true;
  return false;
}

static void take_record (struct found *found, const struct record *record, unsigned type) {
  struct address address = { .size = type == TYPE_A ? 4 : 16 };
  /* What has the highest bit is 0 (RFC 2181). */
  uint32_t seconds = record->time_to_live >> 31 ? 0 : record->time_to_live;
  if (seconds < found->time_to_live)
    found->time_to_live = seconds;
  if (record->type != type || record->class != CLASS_IN || record->length != address.size || found->count == MOST_FOUND)
    return;
  memcpy (address.bytes, record->data, address.size);
  if (!address_is_special (&address) && !has (found, &address))
    found->address[found->count++] = address;
}

bool reply_find (struct found *found, const unsigned char *message, size_t size, size_t end, unsigned type) {
  struct reader reader = { .message = message, .at = end, .size = size };
  found->count = 0;
  found->time_to_live = LONGEST_SECONDS;
  for (unsigned left = get_16 (message + 6); left > 0; left--) {
    struct record record;
    if (!record_read (&record, &reader))
      return false;
    take_record (found, &record, type);
  }
  return true;
}
