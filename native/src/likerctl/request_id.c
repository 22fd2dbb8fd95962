#include "request_id.h"
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include "leave.h"

void make_request_id (char id[REQUEST_ID_ROOM]) {
  uint8_t bytes[16];
  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    leave (NULL);
  bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
  bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
  for (size_t i = 0, at = 0; i < sizeof bytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      id[at++] = '-';
    at += (size_t)snprintf (id + at, REQUEST_ID_ROOM - at, "%02x", bytes[i]);
  }
}
