#include "refuse.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void refuse (const char *format, ...) {
  va_list values;
  va_start (values, format);
  fputs ("likerd: Cannot start without root: ", stderr);
  vfprintf (stderr, format, values);
  fputc ('\n', stderr);
  va_end (values);
  exit (1);
}
