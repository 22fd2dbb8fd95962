#include "chance.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "base/syscalls.h"

/* Some at a time, since a system call costs more than they do. The kernel gives up to 256 bytes as a whole. */
#define STOCK 256

void chance (void *bytes, size_t size) {
  static unsigned char stock[STOCK];
  static size_t left;
  if (left < size) {
    /* Without it every answer of a name server could be forged. */
    if (RETRY (getrandom (stock, sizeof stock, 0)) != sizeof stock)
      abort ();
    left = sizeof stock;
  }
  left -= size;
  memcpy (bytes, stock + left, size);
}

uint16_t chance_16 (void) {
  uint16_t number;
  chance (&number, sizeof number);
  return number;
}
