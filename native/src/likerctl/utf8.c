#include "utf8.h"
#include <stddef.h>
#include <stdint.h>

/* Length and least value of a sequence, by its first byte; 0: no sequence begins with it. */
static size_t sequence_length (uint8_t first, uint32_t *value, uint32_t *least) {
  static const uint32_t leasts[] = { 0, 0, 0x80, 0x800, 0x10000 };
  size_t ones = first == 0xff ? 8 : (size_t)__builtin_clz (~((uint32_t)first << 24));
  size_t length = !ones ? 1 : ones == 1 || ones > 4 ? 0 : ones;
  *value = first & (0x7fu >> ones);
  *least = leasts[length];
  return length;
}

bool is_utf8 (const char *text) {
  uint32_t value, least;
  for (const uint8_t *at = (const uint8_t *)text; *at;) {
    size_t length = sequence_length (*at++, &value, &least);
    if (!length)
      return false;
    for (; length > 1; length--) {
      if ((*at & 0xc0) != 0x80)
        return false;
      value = value << 6 | (*at++ & 0x3fu);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
      return false;
  }
  return true;
}
