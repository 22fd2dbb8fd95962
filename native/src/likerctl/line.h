/* The part of a command line before its operands: flags by Docker's grammar. */
#pragma once
#include "builder.h"
#include "table.h"

struct line {
  char **words; /* those that are still to be read */
  struct builder message;
  const char *host;
  bool forwards_stdin;
  bool tty;
};

/* Reads flags up to the first operand. What they say goes into the message. False: the line is not for this program. */
bool read_flags (struct line *line, const struct flag_list *list);
