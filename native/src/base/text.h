/* Formats text without stdio and its buffers and locks. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writes the digits of value, and a NUL; returns the end. Room: 21 bytes. */
static inline char *put_number (char *out, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do
    digits[count++] = (char)('0' + value % 10);
  while (value /= 10);
  while (count)
    *out++ = digits[--count];
  *out = '\0';
  return out;
}

/* Writes exactly `width` digits, padded with zeros; returns the end. No NUL. */
static inline char *put_padded (char *out, uint64_t value, size_t width) {
  for (size_t i = width; i-- > 0; value /= 10)
    out[i] = (char)('0' + value % 10);
  return out + width;
}

static inline char *put_text (char *out, const char *text) {
  size_t length = strlen (text);
  memcpy (out, text, length + 1);
  return out + length;
}
