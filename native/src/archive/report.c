#include "report.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/memfd.h"

#define REPORT_EVERY_MS 100

static const char *const codes[] = {
  [BAD_ARCHIVE] = "BAD_ARCHIVE", [NO_SPACE] = "NO_SPACE",         [TOO_BIG] = "TOO_BIG",
  [UNSUPPORTED] = "UNSUPPORTED", [WRITE_FAILED] = "WRITE_FAILED",
};

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

/* As a JSON string; bytes that are not UTF-8 become U+FFFD. Room: six times the text, and three. */
static char *put_json (char *out, const char *text) {
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

/* likerd may be gone: then nobody needs the line. */
static void put_line (int out, const char *line, const char *end) {
  write_all (out, line, (size_t)(end - line));
}

bool report_is_due (int64_t *reported_at) {
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC_COARSE, &now);
  int64_t ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (ms - *reported_at < REPORT_EVERY_MS)
    return false;
  *reported_at = ms;
  return true;
}

void report_progress (int out, uint64_t in, uint64_t unpacked) {
  char line[96];
  int length = snprintf (line, sizeof line, "{\"in\":%llu,\"out\":%llu}\n", (unsigned long long)in,
                         (unsigned long long)unpacked);
  put_line (out, line, line + length);
}

static const char *hexadecimal (char out[2 * DIGEST_SIZE + 1], const uint8_t digest[DIGEST_SIZE]) {
  for (size_t i = 0; i < DIGEST_SIZE; i++)
    sprintf (out + 2 * i, "%02x", digest[i]);
  return out;
}

void report_outcome (int out, const struct outcome *outcome) {
  char line[512], digest[2 * DIGEST_SIZE + 1], diff_id[2 * DIGEST_SIZE + 1];
  int length = snprintf (
    line, sizeof line,
    "{\"digest\":\"sha256:%s\",\"size\":%llu,\"diffId\":\"sha256:%s\",\"unpacked\":%llu,\"entries\":%llu,"
    "\"diskBytes\":%llu,\"compression\":\"%s\"}\n",
    hexadecimal (digest, outcome->digest), (unsigned long long)outcome->size,
    hexadecimal (diff_id, outcome->diff_id), (unsigned long long)outcome->unpacked,
    (unsigned long long)outcome->entries, (unsigned long long)outcome->disk_bytes, outcome->compression);
  put_line (out, line, line + length);
}

void report_packed (int out, const struct packed *packed) {
  char line[512], digest[2 * DIGEST_SIZE + 1], diff_id[2 * DIGEST_SIZE + 1];
  int length = snprintf (line, sizeof line, "{\"digest\":\"sha256:%s\",\"size\":%llu,\"diffId\":\"sha256:%s\",\"unpacked\":%llu}\n",
                         hexadecimal (digest, packed->digest), (unsigned long long)packed->size,
                         hexadecimal (diff_id, packed->diff_id), (unsigned long long)packed->unpacked);
  put_line (out, line, line + length);
}

void report_problem (int out, const struct problem *problem) {
  static char line[6 * (sizeof problem->path + sizeof problem->message) + 256];
  char *end = line + sprintf (line, "{\"error\":\"%s\",\"path\":", codes[problem->code]);
  end = put_json (end, problem->path);
  const char *name = problem->error ? strerrorname_np (problem->error) : NULL;
  end += sprintf (end, ",\"errno\":\"%s\",\"message\":", name ? name : "");
  end = put_json (end, problem->message);
  end = stpcpy (end, "}\n");
  put_line (out, line, end);
}
