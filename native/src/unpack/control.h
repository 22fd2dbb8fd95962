/* The lines by which likerd says how much of the source is there: "bytes N", and at last "end N". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control {
  uint64_t available;
  bool ended;
  size_t length;
  char line[32]; /* the beginning of a line whose rest has not come yet */
};

/* Takes what was read, in pieces of any size. False if a line is none of these, or takes back what an earlier one said. */
bool control_take (struct control *control, const char *bytes, size_t count);
