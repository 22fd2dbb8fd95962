/* What begins a session. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_plan {
  const char *socket_path;
  const char *method;   /* "Run" or "Exec" of liker.v1.SessionService */
  const uint8_t *start; /* the whole first message, a RunRequest or an ExecRequest */
  size_t start_length;
  const char *request_id;
  bool forwards_stdin;
  bool tty;
};
