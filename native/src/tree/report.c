#include "report.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/memfd.h"

/* The reader may be gone: then nobody needs the line. */
static void put_line (int out, const char *line, const char *end) { write_all (out, line, (size_t)(end - line)); }

void report_tree_problem (int out, const struct problem *problem) {
  static char line[6 * (sizeof problem->path + sizeof problem->message) + 256];
  const char *name = problem->error ? strerrorname_np (problem->error) : NULL;
  char *end = stpcpy (line, "{\"error\":");
  end = put_json (end, name ? name : "");
  end = put_json (stpcpy (end, ",\"path\":"), problem->path);
  end = put_json (stpcpy (end, ",\"message\":"), problem->message);
  put_line (out, line, stpcpy (end, "}\n"));
}

void report_tree_packed (int out, uint64_t bytes, uint64_t entries) {
  char line[96];
  int length = snprintf (line, sizeof line, "{\"bytes\":%llu,\"entries\":%llu}\n", (unsigned long long)bytes,
                         (unsigned long long)entries);
  put_line (out, line, line + length);
}

void report_stat (int out, const struct stat *st, const char *target) {
  static char line[6 * PATH_MAX + 512];
  char *end = line + sprintf (line, "{\"mode\":%u,\"size\":%llu,\"seconds\":%lld,\"nanoseconds\":%ld,\"uid\":%u,\"gid\":%u,\"target\":",
                              st->st_mode, (unsigned long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                              st->st_uid, st->st_gid);
  end = target ? put_json (end, target) : stpcpy (end, "null");
  put_line (out, line, stpcpy (end, "}\n"));
}
