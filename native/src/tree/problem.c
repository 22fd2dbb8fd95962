#include "problem.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put (struct problem *problem, int error, const char *path, const char *format, va_list arguments) {
  problem->error = error;
  snprintf (problem->path, sizeof problem->path, "%s", path);
  vsnprintf (problem->message, sizeof problem->message, format, arguments);
}

int tree_problem (struct problem *problem, const char *path, const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  put (problem, 0, path, format, arguments);
  va_end (arguments);
  return -1;
}

static int put_errno (struct problem *problem, int error, const char *path, const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  put (problem, error, path, format, arguments);
  va_end (arguments);
  return -1;
}

int tree_problem_errno (struct problem *problem, const char *path, const char *tried) {
  int error = errno;
  return *path ? put_errno (problem, error, path, "Cannot %s '%s': %s", tried, path, strerror (error))
               : put_errno (problem, error, path, "Cannot %s: %s", tried, strerror (error));
}
