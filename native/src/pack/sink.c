#include "sink.h"
#include <string.h>
#include "archive/report.h"
#include "base/memfd.h"

static int write_out (void *data, const void *bytes, size_t count) {
  struct sink *sink = data;
  if (write_all (sink->out, bytes, count) < 0)
    return problem_errno (sink->problem, "", "write the archive");
  if (sink->compression != COMPRESSION_NONE)
    digest_add (&sink->packed, bytes, count);
  sink->packed_count += count;
  return 0;
}

int sink_begin (struct sink *sink) {
  sink->encoder = (struct encoder){ .libraries = sink->libraries, .problem = sink->problem, .put = write_out, .data = sink };
  if (sink->hashes && (digest_begin (&sink->plain, sink->libraries, sink->problem) < 0 ||
                       digest_begin (&sink->packed, sink->libraries, sink->problem) < 0))
    return -1;
  return encoder_begin (&sink->encoder, sink->compression);
}

int sink_put (struct sink *sink, const void *bytes, size_t count) {
  digest_add (&sink->plain, bytes, count);
  sink->plain_count += count;
  if (encoder_put (&sink->encoder, bytes, count) < 0)
    return -1;
  if (report_is_due (&sink->reported_at))
    report_progress (sink->report, sink->plain_count, sink->packed_count);
  return 0;
}

int sink_end (struct sink *sink) { return encoder_end (&sink->encoder); }

void sink_report (struct sink *sink) {
  if (!sink->hashes) {
    report_written (sink->report, sink->packed_count);
    return;
  }
  struct packed packed = { .size = sink->packed_count, .unpacked = sink->plain_count };
  digest_end (&sink->plain, packed.diff_id);
  if (sink->compression == COMPRESSION_NONE)
    memcpy (packed.digest, packed.diff_id, DIGEST_SIZE);
  else
    digest_end (&sink->packed, packed.digest);
  report_packed (sink->report, &packed);
}
