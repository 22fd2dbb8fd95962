#include "records.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

static int grow (struct records *records, size_t size, size_t count) {
  size_t room = records->room ? records->room : FIRST_ROOM;
  while (room - records->count < count)
    room *= 2;
  if (room == records->room)
    return 0;
  char *items = reallocarray (records->items, room, size);
  if (!items)
    return -1;
  records->items = items;
  records->room = room;
  return 0;
}

size_t records_add (struct records *records, size_t size, const void *items, size_t count) {
  if (grow (records, size, count) < 0)
    return SIZE_MAX;
  memcpy (records->items + records->count * size, items, count * size);
  records->count += count;
  return records->count - count;
}
