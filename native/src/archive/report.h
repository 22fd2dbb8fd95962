/* What likerd reads: a line of JSON for each message. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "problem.h"

#define DIGEST_SIZE 32 /* SHA-256 */

struct outcome {
  uint8_t digest[DIGEST_SIZE], diff_id[DIGEST_SIZE];
  uint64_t size, unpacked, entries, disk_bytes;
  const char *compression;
};

/* An archive that was written. */
struct packed {
  uint8_t digest[DIGEST_SIZE], diff_id[DIGEST_SIZE];
  uint64_t size, unpacked;
};

/* Ten times a second. `reported_at`: milliseconds, by a clock that starts anywhere. */
bool report_is_due (int64_t *reported_at);

/* Bytes of the source, and of the uncompressed archive; of one that is written: of the uncompressed archive, and as they are written. */
void report_progress (int out, uint64_t in, uint64_t unpacked);
void report_outcome (int out, const struct outcome *outcome);
void report_packed (int out, const struct packed *packed);
/* Of an archive that was not hashed. */
void report_written (int out, uint64_t size);
void report_problem (int out, const struct problem *problem);
