#include "address.h"
#include <string.h>

#define MAPPED_SIZE 12

bool address_is_same (const struct address *one, const struct address *other) {
  return one->size == other->size && !memcmp (one->bytes, other->bytes, one->size);
}

bool address_is_special (const struct address *address) {
  static const uint8_t zeros[15], mapped[MAPPED_SIZE] = { [10] = 0xff, [11] = 0xff };
  const uint8_t *bytes = address->bytes;
  if (address->size == 4)
    return bytes[0] == 0 || bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254) || bytes[0] >= 224;
  return (!memcmp (bytes, zeros, sizeof zeros) && bytes[15] <= 1) || !memcmp (bytes, mapped, sizeof mapped) ||
         (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) || bytes[0] == 0xff;
}
