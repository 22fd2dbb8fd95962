#include "reverse.h"
#include <string.h>

/* A number of up to three digits without zeros before it. */
static const char *read_byte (const char *at, uint8_t *byte) {
  unsigned number = 0;
  const char *from = at;
  for (; *at >= '0' && *at <= '9' && at - from < 3; at++)
    number = number * 10 + (unsigned)(*at - '0');
  if (at == from || number > UINT8_MAX || (*from == '0' && at - from > 1) || *at != '.')
    return NULL;
  *byte = (uint8_t)number;
  return at + 1;
}

static int digit_of (char letter) {
  return letter >= '0' && letter <= '9' ? letter - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Half a byte for each label. */
static const char *read_byte_6 (const char *at, uint8_t *byte) {
  int low = digit_of (at[0]);
  if (low < 0 || at[1] != '.')
    return NULL;
  int high = digit_of (at[2]);
  if (high < 0 || at[3] != '.')
    return NULL;
  *byte = (uint8_t)(high << 4 | low);
  return at + 4;
}

static bool read_all (const char *name, struct address *address, uint8_t size, const char *(*read) (const char *, uint8_t *), const char *end) {
  address->size = size;
  for (unsigned left = size; left && name; left--)
    name = read (name, &address->bytes[left - 1]);
  return name && !strcmp (name, end);
}

bool reverse_read (const char *name, struct address *address) {
  return read_all (name, address, 4, read_byte, "in-addr.arpa") || read_all (name, address, 16, read_byte_6, "ip6.arpa");
}
