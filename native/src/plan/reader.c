#include "reader.h"
#include <string.h>
#include "include/plan.h"

const uint8_t *read_raw (struct cursor *cursor, size_t size) {
  if (cursor->bad || (size_t)(cursor->end - cursor->at) < size) {
    cursor->bad = true;
    return NULL;
  }
  const uint8_t *at = cursor->at;
  cursor->at += size;
  return at;
}

uint32_t read_u32 (struct cursor *cursor) {
  uint32_t value = 0;
  const uint8_t *at = read_raw (cursor, sizeof value);
  if (at)
    memcpy (&value, at, sizeof value);
  return value;
}

uint64_t read_u64 (struct cursor *cursor) {
  uint64_t value = 0;
  const uint8_t *at = read_raw (cursor, sizeof value);
  if (at)
    memcpy (&value, at, sizeof value);
  return value;
}

struct bytes read_bytes (struct cursor *cursor) {
  uint32_t size = read_u32 (cursor);
  const uint8_t *at = read_raw (cursor, (size_t)size + 1);
  if (at && at[size] != 0)
    cursor->bad = true;
  if (!at || cursor->bad)
    return (struct bytes){ "", 0 };
  return (struct bytes){ (const char *)at, size };
}

const char *read_text (struct cursor *cursor) {
  struct bytes text = read_bytes (cursor);
  if (strlen (text.data) != text.size) {
    cursor->bad = true;
    return "";
  }
  return text.data;
}

static uint16_t read_u16 (struct cursor *cursor) {
  uint16_t value = 0;
  const uint8_t *at = read_raw (cursor, sizeof value);
  if (at)
    memcpy (&value, at, sizeof value);
  return value;
}

bool plan_open (struct cursor *plan, const void *data, size_t size) {
  *plan = (struct cursor){ data, (const uint8_t *)data + size, false };
  bool known = read_u32 (plan) == PLAN_MAGIC && read_u32 (plan) == PLAN_VERSION;
  plan->bad = plan->bad || !known;
  return !plan->bad;
}

bool plan_next (struct cursor *plan, struct record *record) {
  if (plan->bad || plan->at == plan->end)
    return false;
  record->kind = read_u16 (plan);
  read_u16 (plan);
  uint32_t length = read_u32 (plan);
  const uint8_t *payload = read_raw (plan, length);
  if (!payload)
    return false;
  record->payload = (struct cursor){ payload, payload + length, false };
  return true;
}
