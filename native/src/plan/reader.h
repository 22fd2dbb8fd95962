/*
 * Reads a launch plan (include/plan.h) in place. A cursor never leaves its record: a field that does not fit reads as
 * zero or "" and sets `bad`, which the caller checks once, at the end.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
  const uint8_t *at;
  const uint8_t *end;
  bool bad;
};

struct record {
  uint32_t kind;
  struct cursor payload;
};

struct bytes {
  const char *data; /* a NUL follows */
  uint32_t size;
};

uint32_t read_u32 (struct cursor *cursor);
uint64_t read_u64 (struct cursor *cursor);
struct bytes read_bytes (struct cursor *cursor);
const char *read_text (struct cursor *cursor); /* bad if the text contains a NUL */
const uint8_t *read_raw (struct cursor *cursor, size_t size);

/* Checks the magic and the version, and moves to the first record. */
bool plan_open (struct cursor *plan, const void *data, size_t size);

/* False at the end of the plan, or if the plan is bad (then plan->bad is set). */
bool plan_next (struct cursor *plan, struct record *record);
