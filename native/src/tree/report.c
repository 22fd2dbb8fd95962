#include "report.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
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

int read_target (int node, const struct stat *st, char target[PATH_MAX]) {
  ssize_t length = S_ISLNK (st->st_mode) ? readlinkat (node, "", target, PATH_MAX - 1) : 0;
  target[length < 0 ? 0 : length] = '\0';
  return length < 0 ? -1 : 0;
}

static char *put_stat (char *end, const struct stat *st, const char *target) {
  end += sprintf (end, "\"mode\":%u,\"size\":%llu,\"seconds\":%lld,\"nanoseconds\":%ld,\"uid\":%u,\"gid\":%u,\"target\":", st->st_mode,
                  (unsigned long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, st->st_uid, st->st_gid);
  end = S_ISLNK (st->st_mode) ? put_json (end, target) : stpcpy (end, "null");
  return stpcpy (end, "}\n");
}

void report_stat (int out, const struct stat *st, const char *target) {
  static char line[STAT_LINE];
  put_line (out, line, put_stat (stpcpy (line, "{"), st, target));
}

char *put_entry (char line[ENTRY_LINE], const char *name, const struct stat *st, const char *target) {
  return put_stat (stpcpy (put_json (stpcpy (line, "{\"name\":"), name), ","), st, target);
}
