/* An IP address. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct address {
  uint8_t size; /* 4 or 16 */
  uint8_t bytes[16];
};
