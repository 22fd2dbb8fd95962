/* What likerd reads: a line of JSON for each message. */
#pragma once
#include <stdint.h>
#include "problem.h"

#define DIGEST_SIZE 32 /* SHA-256 */

struct outcome {
  uint8_t digest[DIGEST_SIZE], diff_id[DIGEST_SIZE];
  uint64_t size, unpacked, entries, disk_bytes;
  const char *compression;
};

/* Bytes of the source, and of the uncompressed archive. */
void report_progress (int out, uint64_t in, uint64_t unpacked);
void report_outcome (int out, const struct outcome *outcome);
void report_problem (int out, const struct problem *problem);
