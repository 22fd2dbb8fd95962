#include "end.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "raw_terminal.h"

#define ENGINE_FAILURE 125

void end_with_error (const char *format, ...) {
  va_list values;
  va_start (values, format);
  leave_raw ();
  fputs ("likerctl: ", stderr);
  vfprintf (stderr, format, values);
  fputc ('\n', stderr);
  va_end (values);
  _Exit (ENGINE_FAILURE);
}
