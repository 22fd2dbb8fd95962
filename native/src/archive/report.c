#include "report.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/json.h"
#include "base/memfd.h"

#define REPORT_EVERY_MS 100

static const char *const codes[] = {
  [BAD_ARCHIVE] = "BAD_ARCHIVE", [NO_SPACE] = "NO_SPACE",     [TOO_BIG] = "TOO_BIG",
  [UNSUPPORTED] = "UNSUPPORTED", [NOT_MAPPED] = "NOT_MAPPED", [WRITE_FAILED] = "WRITE_FAILED",
};

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

void report_written (int out, uint64_t size) {
  char line[64];
  int length = snprintf (line, sizeof line, "{\"size\":%llu}\n", (unsigned long long)size);
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
