#include "tar_entry.h"

int tar_failed (const struct tar_writer *writer, const char *name) {
  const char *why = writer->sink->libraries->archive_error_string (writer->archive);
  return problem_put (writer->sink->problem, WRITE_FAILED, name, "Cannot write '%s' into the archive: %s", name, why ? why : "it failed");
}
