#include "json.h"
#include <stdio.h>
#include <string.h>

/* The length of the character of UTF-8 that begins there, or 0 if none does. */
static size_t character (const unsigned char *text) {
  static const struct {
    unsigned char mask, lead;
    unsigned least;
  } lengths[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
  if (*text < 0x80)
    return 1;
  for (size_t more = 1; more <= 3; more++) {
    if ((*text & lengths[more - 1].mask) != lengths[more - 1].lead)
      continue;
    unsigned value = *text & (unsigned char)~lengths[more - 1].mask;
    for (size_t i = 1; i <= more; i++) {
      if ((text[i] & 0xc0) != 0x80)
        return 0;
      value = value << 6 | (text[i] & 0x3f);
    }
    return value < lengths[more - 1].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0 : more + 1;
  }
  return 0;
}

char *put_json (char *out, const char *text) {
  *out++ = '"';
  for (const unsigned char *at = (const unsigned char *)text; *at;) {
    size_t length = character (at);
    if (length == 0)
      out = stpcpy (out, "\\ufffd");
    else if (*at < 0x20 || *at == '"' || *at == '\\')
      out += sprintf (out, "\\u%04x", *at);
    else
      out = mempcpy (out, at, length);
    at += length ? length : 1;
  }
  return stpcpy (out, "\"");
}
