#include "control.h"
#include <string.h>

/* A decimal number below 2^63, since it is a position in a file. */
static bool read_number (const char *digits, uint64_t *number) {
  *number = 0;
  if (!*digits)
    return false;
  for (; *digits; digits++) {
    if (*digits < '0' || *digits > '9' || *number >= (UINT64_MAX >> 1) / 10)
      return false;
    *number = *number * 10 + (uint64_t)(*digits - '0');
  }
  return true;
}

static bool take_line (struct control *control, const char *line) {
  uint64_t number;
  bool is_end = !strncmp (line, "end ", 4);
  if (control->ended || (!is_end && strncmp (line, "bytes ", 6) != 0))
    return false;
  if (!read_number (line + (is_end ? 4 : 6), &number) || number < control->available)
    return false;
  control->available = number;
  control->ended = is_end;
  return true;
}

bool control_take (struct control *control, const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] == '\0' || control->length == sizeof control->line - 1)
      return false;
    if (bytes[i] != '\n') {
      control->line[control->length++] = bytes[i];
      continue;
    }
    control->line[control->length] = '\0';
    control->length = 0;
    if (!take_line (control, control->line))
      return false;
  }
  return true;
}
