#include "bytes.h"
#include <stdlib.h>
#include <string.h>

int bytes_add (struct bytes *bytes, const void *data, size_t count) {
  if (bytes->room < bytes->count + count + 1) {
    size_t room = 2 * (bytes->count + count) + 256;
    char *larger = realloc (bytes->data, room);
    if (!larger)
      return -1;
    bytes->data = larger;
    bytes->room = room;
  }
  memcpy (bytes->data + bytes->count, data, count);
  bytes->count += count;
  bytes->data[bytes->count] = '\0';
  return 0;
}
